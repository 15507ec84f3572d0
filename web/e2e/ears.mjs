// Ears for a page: the samples that its media element gives out, as WebAudio gets them, by the clock of the machine.

/**
 * Runs in the page before anything of it does. What the page's first media element plays goes through a recorder from the moment at which the
 * element is there. window.ears has the onsets of sound, when they came, and records on request.
 * @param {{sampleRate: number, recorder: string}} options
 */
export function ears({ sampleRate, recorder }) {
  const context = new AudioContext({ sampleRate });
  const gain = new GainNode(context);
  gain.connect(context.destination);
  const onsets = [];
  let node = null;
  let recorded = null;
  const ready = (async () => {
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([`(${recorder})()`], { type: 'text/javascript' })));
    node = new AudioWorkletNode(context, 'recorder', { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => (data.samples ? recorded(data.samples) : onsets.push(data.onset));
    gain.connect(node);
    await context.resume();
  })();

  let heard = null;
  const listen = () => {
    const element = document.querySelector('video, audio');
    if (!element || heard === element) return;
    heard = element;
    context.createMediaElementSource(element).connect(gain);
  };
  new MutationObserver(listen).observe(document, { childList: true, subtree: true });

  window.ears = {
    ready,
    onsets,
    /** When the last click of the viewer came, ms since the Unix epoch. */
    clicked: 0,
    /** Seconds on the clock of sound, and of the machine. */
    clocks: () => ({ sound: context.currentTime, machine: performance.now() / 1000, state: context.state, rate: context.sampleRate, base: context.baseLatency }),
    record: () => node.port.postMessage('record'),
    /** @returns {Promise<string>} what was recorded: 32-bit floating point samples in base64 */
    recorded: async () => {
      const samples = await new Promise((done) => {
        recorded = done;
        node.port.postMessage('give');
      });
      const url = await new Promise((done) => {
        const reader = new FileReader();
        reader.onload = () => done(reader.result);
        reader.readAsDataURL(new Blob([samples]));
      });
      return url.slice(url.indexOf(',') + 1);
    },
  };
  document.addEventListener('pointerdown', (event) => (window.ears.clicked = performance.timeOrigin + event.timeStamp), true);
}

/** Runs in the audio thread, by its source: tells when sound begins after silence, and records one channel for up to a minute. */
export function recorder() {
  const loud = 0.01;
  const silence = 0.05; // seconds of it before a sound that counts as an onset
  const longest = 60;

  class Recorder extends AudioWorkletProcessor {
    #quiet = Infinity; // frames
    #recording = null;
    #length = 0;

    constructor() {
      super();
      this.port.onmessage = ({ data }) => {
        if (data === 'record') {
          this.#recording = new Float32Array(longest * sampleRate);
          this.#length = 0;
          return;
        }
        this.port.postMessage({ samples: (this.#recording ?? new Float32Array()).slice(0, this.#length) });
        this.#recording = null;
      };
    }

    process([[samples]]) {
      const frames = samples ?? new Float32Array(128);
      for (let i = 0; i < frames.length; i++) {
        if (Math.abs(frames[i]) < loud) {
          this.#quiet++;
          continue;
        }
        if (this.#quiet > silence * sampleRate) this.port.postMessage({ onset: Date.now() + (1000 * i) / sampleRate });
        this.#quiet = 0;
      }
      if (this.#recording && this.#length + frames.length <= this.#recording.length) {
        this.#recording.set(frames, this.#length);
        this.#length += frames.length;
      }
      return true;
    }
  }
  registerProcessor('recorder', Recorder);
}
