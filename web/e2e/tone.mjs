// The tone that albums are made of for tests, and how what was recorded of it differs from it.

export const sampleRate = 48_000;
const amplitude = 0.4;
const perMs = sampleRate / 1000;

/** A tone whose pitch sways in two ways, so that no two moments of it are alike for 100 s. @param {number} n samples from the beginning of the album */
function tone(n) {
  const t = n / sampleRate;
  return amplitude * Math.sin(2 * Math.PI * 600 * t - 120 * Math.cos(2 * Math.PI * 2.5 * t) - 645 * Math.cos(2 * Math.PI * 0.31 * t));
}

/**
 * Where in the album a stretch of a recording is from.
 * @param {Float32Array} samples
 * @param {number} from
 * @param {number} low the first place that is tried, samples from the beginning of the album
 * @param {number} high the last one
 * @returns {{place: number, gain: number, alike: number}} place: of the stretch's first sample; gain: how loud it is, of the tone;
 *   alike: correlation, 1 where it is the tone
 */
function find(samples, from, low, high) {
  const length = 300 * perMs;
  const every = 16; // the tone is nowhere above 1.2 kHz
  const table = Float32Array.from({ length: high - low + length + 12 }, (_, i) => tone(low + i));
  let best = { place: low, gain: 0, alike: -1 };
  const judge = (/** @type {number} */ place, /** @type {Float32Array} */ wanted) => {
    let [both, is, should] = [0, 0, 0];
    for (let i = 0; i < length; i += every) {
      const [a, b] = [samples[from + i], wanted[i]];
      both += a * b;
      is += a * a;
      should += b * b;
    }
    const alike = both / Math.sqrt(is * should || 1);
    if (alike > best.alike) best = { place, gain: both / (should || 1), alike };
  };
  for (let place = low; place <= high; place += 6) judge(place, table.subarray(place - low));
  for (const step of [1, 0.1]) {
    const near = best.place;
    for (let place = near - 6 * step; place <= near + 6 * step; place += step) judge(place, Float32Array.from({ length }, (_, i) => tone(place + i)));
  }
  return best;
}

/** How many samples of a recording make one judgement. */
const grain = perMs;
/** A millisecond is wrong where it differs from the tone by so much of it, 10 dB below it. */
const wrong = 0.316;

/** Whether a millisecond of a recording differs from the tone that should be there. */
function differs(samples, i, { place, gain }, from) {
  let [error, wanted] = [0, 0];
  for (let k = i; k < i + grain; k++) {
    const should = gain * tone(place + k - from);
    error += (samples[k] - should) ** 2;
    wanted += should ** 2;
  }
  return error > wrong * wrong * Math.max(wanted, grain * 0.01 * amplitude ** 2);
}

/**
 * What is heard of a border that lies so many seconds into the album, in a recording that begins before it and ends behind it, all in ms:
 * wrong: from where it ceases to be the tone to where it is the tone again; silent: the longest silence in the recording; late: how much
 * later the tone goes on than it should, below 0 where some of it is missing.
 *
 * @param {Float32Array} samples
 * @param {number} at seconds
 */
export function around(samples, at) {
  const border = Math.round(at * sampleRate);
  const begin = samples.findIndex((sample) => Math.abs(sample) > amplitude / 2);
  if (begin < 0) throw new Error('nothing is heard');
  const first = begin + 500 * perMs;
  if (first + sampleRate > samples.length) throw new Error('hardly anything is heard');
  const before = find(samples, first, Math.max(0, border - 4 * sampleRate), border);
  const ahead = Math.round(border - before.place); // from first on
  if (before.alike < 0.9 || ahead < 500 * perMs) throw new Error(`it does not begin before the border: ${JSON.stringify(before)}, ${ahead}`);
  const last = first + ahead + 1500 * perMs;
  if (last + 300 * perMs > samples.length) throw new Error('it ends too soon');
  const after = find(samples, last, border, border + 2.5 * sampleRate);
  if (after.alike < 0.9) throw new Error(`behind the border it is not the tone: ${JSON.stringify(after)}`);

  let bad = first;
  while (bad < last && !differs(samples, bad, before, first)) bad += grain;
  let good = last;
  while (good > bad && !differs(samples, good - grain, after, last)) good -= grain;
  let [silent, quiet] = [0, 0];
  for (let i = begin; i < last; i++) {
    quiet = Math.abs(samples[i]) < amplitude / 100 ? quiet + 1 : 0;
    silent = Math.max(silent, quiet);
  }
  return {
    wrong: Math.max(0, good - bad) / perMs,
    silent: silent / perMs,
    late: (last - first - (after.place - before.place)) / perMs,
  };
}
