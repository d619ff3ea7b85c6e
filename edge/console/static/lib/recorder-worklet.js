// In the audio thread: what the microphone hears, made 16 kHz, int16, in frames of 40 ms with their level.
const RATE = 16_000;
const FRAME = 640;
/** Half the length of the filter, in samples that go out: 24 make it 60 dB down from where it would fold back. */
const REACH = 24;
const PHASES = 128;
/** Of half the rate that goes out: what is above is left out. */
const PASSED = 0.92;

/** A windowed-sinc low-pass, read between its samples: any rate in, one rate out. */
class Resampler {
  constructor(from, to) {
    this.step = from / to;
    const scale = Math.max(1, this.step);
    this.half = Math.ceil(REACH * scale);
    this.table = Array.from({ length: PHASES + 1 }, (_, phase) => kernel(this.half, phase / PHASES, PASSED / scale));
    this.input = new Float32Array(2 * this.half);
    /** Where the next sample that goes out lies in `input`. */
    this.at = this.half;
  }

  push(samples, put) {
    const joined = new Float32Array(this.input.length + samples.length);
    joined.set(this.input);
    joined.set(samples, this.input.length);
    while (this.at + this.half < joined.length) {
      const whole = Math.floor(this.at);
      const taps = this.table[Math.round((this.at - whole) * PHASES)];
      let sum = 0;
      for (let tap = 0; tap < taps.length; tap++) sum += taps[tap] * joined[whole - this.half + 1 + tap];
      put(sum);
      this.at += this.step;
    }
    const done = Math.floor(this.at) - this.half;
    this.input = joined.slice(done);
    this.at -= done;
  }
}

function kernel(half, fraction, cutoff) {
  const taps = new Float32Array(2 * half);
  let total = 0;
  for (let tap = 0; tap < taps.length; tap++) {
    const x = tap - half + 1 - fraction;
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * cutoff * x) / (Math.PI * cutoff * x);
    const window = Math.abs(x) >= half ? 0 : 0.5 + 0.5 * Math.cos((Math.PI * x) / half);
    taps[tap] = sinc * window;
    total += taps[tap];
  }
  return taps.map((tap) => tap / total);
}

class Recorder extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate, RATE);
    this.frame = new Int16Array(FRAME);
    this.length = 0;
    this.energy = 0;
    this.open = true;
    this.port.onmessage = () => {
      // The page has enough: what is left goes out, and nothing after it.
      this.send();
      this.open = false;
      this.port.postMessage({ done: true });
    };
  }

  process([input]) {
    if (this.open && input.length > 0) this.resampler.push(mono(input), (sample) => this.put(sample));
    return this.open;
  }

  put(sample) {
    const value = Math.max(-1, Math.min(1, sample));
    this.energy += value * value;
    this.frame[this.length++] = Math.round(value * 32767);
    if (this.length === FRAME) this.send();
  }

  send() {
    if (this.length === 0) return;
    const pcm = this.frame.slice(0, this.length);
    const level = Math.sqrt(this.energy / this.length);
    this.length = this.energy = 0;
    this.port.postMessage({ pcm, level }, [pcm.buffer]);
  }
}

function mono(channels) {
  if (channels.length === 1) return channels[0];
  return channels[0].map((_, sample) => channels.reduce((sum, channel) => sum + channel[sample], 0) / channels.length);
}

registerProcessor("recorder", Recorder);
