// Sound as it comes over the network, played without gaps.

/** A little is waited for before the first sound, so that the network may stumble. */
const LEAD_S = 0.08;

export class Player {
  constructor() {
    this.context = null;
    this.rate = 0;
    this.sources = new Set();
    this.until = 0;
    this.waiting = [];
  }

  /** To be called while somebody presses something: browsers let no page sound unasked. */
  unlock() {
    this.context ??= new AudioContext();
    if (this.context.state === "suspended") this.context.resume();
  }

  /** An answer begins, of `rate` samples a second. */
  begin(rate) {
    this.stop();
    this.unlock();
    this.rate = rate;
  }

  /** Its next part: int16, mono. */
  push(pcm) {
    if (!this.rate || pcm.length === 0) return;
    const buffer = this.context.createBuffer(1, pcm.length, this.rate);
    const samples = buffer.getChannelData(0);
    for (let index = 0; index < pcm.length; index++) samples[index] = pcm[index] / 32768;
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    const now = this.context.currentTime;
    if (this.until < now) this.until = now + LEAD_S;
    source.start(this.until);
    this.until += buffer.duration;
    this.sources.add(source);
    source.onended = () => {
      this.sources.delete(source);
      if (this.sources.size === 0) this.tell();
    };
  }

  get sounding() {
    return this.sources.size > 0;
  }

  /** At once; nothing of this answer is heard any more. */
  stop() {
    for (const source of this.sources) {
      source.onended = null;
      source.stop();
    }
    this.sources.clear();
    this.until = 0;
    this.rate = 0;
    this.tell();
  }

  /** Resolves when nothing sounds. */
  quiet() {
    return this.sounding ? new Promise((resolve) => this.waiting.push(resolve)) : Promise.resolve();
  }

  tell() {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
