"""A TCP proxy in front of a Unix socket that cuts, stalls and refuses connections."""

import asyncio
from typing import Self


class CuttingProxy:
    """Stands between a client and PostgreSQL on a port of 127.0.0.1."""

    def __init__(self, socket_path: str) -> None:
        self.port = 0
        self.connections = 0
        """How many were accepted and passed on."""
        self._socket_path = socket_path
        self._open = asyncio.Event()
        self._open.set()
        self._refusing = False
        self._cut_after: int | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self._open.set()
        self.cut()
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._server.wait_closed()

    def dsn(self, database: str) -> str:
        return f"postgresql://b2bua@127.0.0.1:{self.port}/{database}"

    def cut(self) -> None:
        """Close every connection without a word."""
        for writer in self._writers:
            writer.transport.abort()

    def cut_after(self, count: int) -> None:
        """Cut after so many more bytes of the client, without passing the last on."""
        self._cut_after = count

    def refuse(self) -> None:
        """Cut everything and let nobody in."""
        self._refusing = True
        self.cut()

    def admit(self) -> None:
        """Let clients in again, and pass bytes on again."""
        self._refusing = False
        self._open.set()

    def stall(self) -> None:
        """Keep connections, and pass nothing on."""
        self._open.clear()

    async def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        self.connections += 1
        far_reader, far_writer = await asyncio.open_unix_connection(self._socket_path)
        pair = {writer, far_writer}
        self._writers |= pair
        for source, sink, counted in (
            (reader, far_writer, True),
            (far_reader, writer, False),
        ):
            task = asyncio.create_task(self._pass_on(source, sink, pair, counted))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        pair: set[asyncio.StreamWriter],
        counted: bool,
    ) -> None:
        try:
            while data := await source.read(65_536):
                await self._open.wait()
                if counted and self._cut_after is not None:
                    self._cut_after -= len(data)
                    if self._cut_after <= 0:
                        self._cut_after = None
                        self.cut()
                        break
                sink.write(data)
                await sink.drain()
        except ConnectionError:
            pass  # the other half was cut
        finally:
            self._writers -= pair
            for writer in pair:
                writer.transport.abort()
