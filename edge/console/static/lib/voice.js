// The line to the assistant for whoever talks by this page: /v1/voice. See docs/voice-api.md.

const TRIES = 5;
/** Frames that wait for the line: some ten seconds of sound. */
const MOST = 250;

export class Line {
  /** `hear(message)` gets what is told, `sound(pcm)` the answers' sound (Int16Array), `lost()` that the line is gone. */
  constructor(hello, { hear, sound, lost }) {
    this.hello = hello;
    this.hear = hear;
    this.sound = sound;
    this.lost = lost;
    this.socket = null;
    this.connection = null;
    this.frames = 0;
    this.left = false;
    this.unsent = [];
  }

  /** Resolves when it is ready. Throws an Error where it can't be. */
  open() {
    return (this.opening ??= this.connect().catch((error) => {
      this.opening = null;
      throw error;
    }));
  }

  send(message) {
    this.put(JSON.stringify(message));
  }

  /** Sound from the microphone. */
  speak(pcm) {
    this.put(pcm);
  }

  /** For good. */
  leave() {
    this.left = true;
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify({ type: "bye" }));
      this.socket.close();
    }
  }

  put(frame) {
    if (this.socket?.readyState === WebSocket.OPEN && this.greeted) this.socket.send(frame);
    else if (this.unsent.length < MOST) this.unsent.push(frame);
  }

  connect() {
    return new Promise((resolve, reject) => {
      const protocol = location.protocol === "https:" ? "wss" : "ws";
      const socket = new WebSocket(`${protocol}://${location.host}/v1/voice`);
      socket.binaryType = "arraybuffer";
      this.socket = socket;
      this.greeted = false;
      socket.onopen = () => {
        const hello = { type: "hello", ...this.hello };
        const resume = { type: "resume", connection: this.connection, after: this.frames, hello };
        socket.send(JSON.stringify(this.connection ? resume : hello));
      };
      socket.onmessage = ({ data }) => {
        if (typeof data !== "string") {
          this.frames += 1;
          this.sound(new Int16Array(data));
          return;
        }
        const message = JSON.parse(data);
        if (message.type === "ready") {
          this.greet(message);
          resolve();
        } else {
          this.frames += 1;
        }
        this.hear(message);
      };
      socket.onclose = () => {
        reject(new Error("The assistant can't be reached"));
        if (this.greeted && !this.left) this.again();
      };
    });
  }

  greet({ connection, session, resumed }) {
    if (this.connection !== null && !resumed) this.frames = 0;
    this.connection = connection;
    this.hello = { ...this.hello, session };
    this.greeted = true;
    for (const frame of this.unsent.splice(0)) this.socket.send(frame);
  }

  /** The connection dropped: come back to what went on meanwhile. */
  async again() {
    for (let tried = 0; tried < TRIES && !this.left; tried++) {
      await new Promise((resolve) => setTimeout(resolve, 300 * 2 ** tried));
      try {
        await this.connect();
        return;
      } catch {
        // Once more.
      }
    }
    this.left = true;
    this.lost();
  }
}
