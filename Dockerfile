# A node in a container: signalling, media and PostgreSQL, without privileges.
#
#   docker build -t b2bua .
#   docker run --network host --init -v b2bua:/var/lib/b2bua b2bua
#
# Where there is no container engine, .ci/image.py takes the same steps in a chroot.

FROM debian:bookworm-slim AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev libsrtp2-dev python3-dev python3-venv ca-certificates \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
RUN python3 -m venv /opt/b2bua
# What changes seldom comes first: the dependencies, at the versions of constraints.txt.
COPY pyproject.toml constraints.txt ./
RUN python3 -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > runtime.txt \
    && /opt/b2bua/bin/pip install --no-cache-dir --no-compile -c constraints.txt -r runtime.txt
COPY setup.py README.md LICENSE package.json package-lock.json .npmrc ./
COPY b2bua/ b2bua/
COPY media/ media/
COPY prompts/ prompts/
RUN /opt/b2bua/bin/pip install --no-cache-dir --no-deps . \
    && /opt/b2bua/bin/python -m compileall -q /opt/b2bua/lib \
    && /opt/b2bua/bin/pip uninstall -y -q setuptools pip

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 libsrtp2-1 ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 5060 --user-group --home-dir /var/lib/b2bua --create-home --shell /usr/sbin/nologin b2bua
COPY --from=build /opt/b2bua /opt/b2bua
# Every command finds config/b2bua.toml here; mount another over /srv/b2bua/config.
WORKDIR /srv/b2bua
COPY config/ config/
ENV PATH=/opt/b2bua/bin:/usr/local/bin:/usr/bin:/bin
ENV PYTHONUNBUFFERED=1
ENV B2BUA_DATA_DIR=/var/lib/b2bua
ENV B2BUA_METRICS__LISTEN=127.0.0.1:9400
USER b2bua
# Journal, embedded PostgreSQL, recordings.
VOLUME /var/lib/b2bua
# SIP, portal, metrics. Audio needs the ports of [media] too, 20000-29999/udp: so many are
# best not mapped one by one but reached through the host's network.
EXPOSE 5060/udp 5060/tcp 8400/tcp 9400/tcp
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s \
    CMD python3 -c "import os, urllib.request; urllib.request.urlopen('http://' + os.environ['B2BUA_METRICS__LISTEN'] + '/readyz', timeout=3)"
# The first SIGTERM drains: no new calls, and those in progress end by themselves.
STOPSIGNAL SIGTERM
ENTRYPOINT ["b2bua"]
CMD ["serve"]
