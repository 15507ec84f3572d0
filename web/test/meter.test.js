import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Meter } from '../src/lib/meter.js';

const count = (seconds) => ({ frames: 25 * seconds, dropped: 0, audioBytes: 16_000 * seconds, videoBytes: 250_000 * seconds });

test('rates are those of the media', () => {
  const meter = new Meter();
  for (let s = 0; s <= 8; s++) meter.add(count(s), 100 + s, s * 1000);
  assert.deepEqual(meter.rates(), { bitrate: 2_128_000, frameRate: 25 });
});

test('nothing is said before two seconds, nor over a seek', () => {
  const meter = new Meter();
  meter.add(count(0), 100, 0);
  meter.add(count(1), 101, 1000);
  assert.deepEqual(meter.rates(), { bitrate: null, frameRate: null });
  meter.add(count(2), 150, 2000);
  assert.equal(meter.rates().bitrate, null);
  meter.add(count(3), 20, 3000);
  assert.equal(meter.rates().bitrate, null);
});
