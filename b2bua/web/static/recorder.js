// Records a prompt in the browser and sends it as WAV: what every decoder reads.

const box = document.querySelector("[data-recorder]");
const MOST_SECONDS = 300;

function wav(parts, rate) {
  const samples = parts.reduce((total, part) => total + part.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * samples));
  const word = (at, text) => [...text].forEach((sign, n) => view.setUint8(at + n, sign.charCodeAt(0)));
  word(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples, true);
  word(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  word(36, "data");
  view.setUint32(40, 2 * samples, true);
  let at = 44;
  for (const part of parts)
    for (const sample of part) {
      view.setInt16(at, Math.max(-1, Math.min(1, sample)) * 32767, true);
      at += 2;
    }
  return new Blob([view], { type: "audio/wav" });
}

function recorder() {
  const part = (name) => box.querySelector(`[data-${name}]`);
  const [begin, stop, keep, heard, said, time, level, name] = [
    "begin", "stop", "keep", "heard", "said", "time", "level", "name",
  ].map(part);
  let parts = [];
  let open = null;
  let made = null;

  const end = () => {
    if (!open) return;
    open.stream.getTracks().forEach((track) => track.stop());
    open.context.close();
    made = wav(parts, open.context.sampleRate);
    open = null;
    heard.src = URL.createObjectURL(made);
    heard.hidden = false;
    begin.disabled = false;
    stop.disabled = true;
    keep.disabled = !made.size;
    level.value = 0;
  };

  begin.addEventListener("click", async () => {
    said.textContent = "";
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      const context = new AudioContext();
      await context.audioWorklet.addModule(box.dataset.worklet);
      const node = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0 });
      context.createMediaStreamSource(stream).connect(node);
      parts = [];
      open = { stream, context };
      let count = 0;
      node.port.onmessage = ({ data }) => {
        if (!open) return;
        parts.push(data);
        count += data.length;
        level.value = Math.max(...data.map(Math.abs));
        const seconds = count / context.sampleRate;
        time.textContent = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
        if (seconds >= MOST_SECONDS) end();
      };
      begin.disabled = true;
      stop.disabled = false;
    } catch {
      said.textContent = box.dataset.failed;
    }
  });
  stop.addEventListener("click", end);
  keep.addEventListener("click", async () => {
    if (!name.reportValidity() || !made) return;
    keep.disabled = true;
    const form = new FormData();
    form.set("csrf", box.dataset.csrf);
    form.set("name", name.value);
    form.set("recorded", made, "recorded.wav");
    const answer = await fetch("/prompts", { method: "POST", body: form });
    if (answer.ok) location.assign(answer.url);
    else {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      said.textContent = page.querySelector("[role=alert]")?.textContent.trim() ?? String(answer.status);
      keep.disabled = false;
    }
  });
}

if (box && navigator.mediaDevices && globalThis.AudioWorkletNode) {
  box.hidden = false;
  recorder();
}

// ---- the name of the file that was chosen ----

for (const input of document.querySelectorAll("[data-file]")) {
  const shown = input.closest("label").querySelector("[data-file-name]");
  const none = shown.textContent;
  input.addEventListener("change", () => (shown.textContent = input.files[0]?.name ?? none));
}
