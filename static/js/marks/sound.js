/** A sound and a vibration for each answer, different enough to know it without looking. */

/** @type {Record<string, {notes: [number, number][], shape: OscillatorType, vibration: number[]}>} notes: Hz, seconds */
const SIGNALS = {
  present: { notes: [[880, 0.09], [1320, 0.16]], shape: "sine", vibration: [80] },
  already: { notes: [[660, 0.12], [660, 0.12]], shape: "sine", vibration: [60, 60, 60] },
  review: { notes: [[740, 0.3]], shape: "triangle", vibration: [200] },
  card: { notes: [[740, 0.14], [990, 0.14]], shape: "triangle", vibration: [120, 60, 120] },
  kept: { notes: [[590, 0.14]], shape: "triangle", vibration: [120] },
  not_ticket: { notes: [[330, 0.14], [260, 0.2]], shape: "triangle", vibration: [60, 40, 60, 40] },
  not_saved: { notes: [[220, 0.2], [165, 0.2], [220, 0.2], [165, 0.35]], shape: "square", vibration: [300, 100, 300, 100, 300] },
};
/** Refused like what is no ticket: nothing was kept, and it is to be mended. */
SIGNALS.no_row = SIGNALS.wrong_time = SIGNALS.not_ticket;
const LOUDNESS = 0.4;

export class Sound {
  /** @type {AudioContext | null} */
  #context = null;
  isMuted = false;

  /** Browsers let a page sound only after a tap: call this from one. */
  unlock() {
    this.#context ??= typeof AudioContext === "undefined" ? null : new AudioContext();
    this.#context?.resume();
  }

  /** @param {string} state an answer without a signal of its own is silent */
  play(state) {
    const signal = SIGNALS[state];
    if (!signal) return;
    navigator.vibrate?.(signal.vibration);
    if (this.isMuted || this.#context?.state !== "running") return;
    let start = this.#context.currentTime;
    for (const [frequency, seconds] of signal.notes) {
      note(this.#context, signal.shape, frequency, start, seconds);
      start += seconds + 0.03;
    }
  }
}

/**
 * @param {AudioContext} context
 * @param {OscillatorType} shape
 * @param {number} frequency
 * @param {number} start
 * @param {number} seconds
 */
function note(context, shape, frequency, start, seconds) {
  const tone = new OscillatorNode(context, { type: shape, frequency });
  const gain = new GainNode(context, { gain: LOUDNESS });
  gain.gain.setValueAtTime(LOUDNESS, start + seconds * 0.7);
  gain.gain.linearRampToValueAtTime(0, start + seconds);
  tone.connect(gain).connect(context.destination);
  tone.start(start);
  tone.stop(start + seconds);
}
