// The browser's microphone: open only while somebody talks.

const BEGINS_MS = 3000;

/** Why there is no sound, in words for a person, with what to do. */
export class NoMicrophone extends Error {
  constructor(what, remedy) {
    super(what);
    this.remedy = remedy;
  }

  get inWords() {
    return `${this.message} — ${this.remedy}`;
  }
}

/**
 * Opens the microphone. `take` gets each 40 ms of sound: an Int16Array at 16 kHz, and its level from 0 to 1.
 * Resolves to a function that closes it again, and itself resolves once the last sound was taken. Throws NoMicrophone.
 */
export async function openMicrophone(take) {
  if (!navigator.mediaDevices) {
    throw new NoMicrophone("This browser gives no page a microphone here", "open the page by https, or on the device itself");
  }
  let stream;
  try {
    const audio = { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    stream = await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw why(error);
  }
  const context = new AudioContext({ latencyHint: "interactive" });
  try {
    await context.audioWorklet.addModule(new URL("recorder-worklet.js", import.meta.url));
  } catch {
    await silence();
    throw new NoMicrophone("The page can't listen", "load it again");
  }
  const source = context.createMediaStreamSource(stream);
  const recorder = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0 });
  let finished;
  const last = new Promise((resolve) => (finished = resolve));
  recorder.port.onmessage = ({ data }) => {
    if (data.done) finished();
    else take(data.pcm, data.level);
  };
  source.connect(recorder);
  // Where there is no loudspeaker at all, Firefox never begins, nor says so.
  await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, BEGINS_MS))]);
  if (context.state !== "running") {
    await silence();
    throw new NoMicrophone("This browser gets no sound here", "connect a loudspeaker or headphones, or type instead");
  }
  let closing = null;
  return () => (closing ??= close());

  async function close() {
    recorder.port.postMessage("close");
    await Promise.race([last, new Promise((resolve) => setTimeout(resolve, 300))]);
    source.disconnect();
    await silence();
  }

  async function silence() {
    for (const track of stream.getTracks()) track.stop();
    await context.close();
  }
}

function why(error) {
  switch (error.name) {
    case "NotAllowedError":
      return new NoMicrophone("The microphone is not allowed on this page", "allow it beside the browser's address bar");
    case "NotFoundError":
      return new NoMicrophone("This machine has no microphone", "plug one in, or type instead");
    case "NotReadableError":
      return new NoMicrophone("The microphone can't be opened", "another program may use it");
    default:
      return new NoMicrophone(`The microphone can't be opened (${error.name})`, "type instead");
  }
}
