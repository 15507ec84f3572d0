import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bitrate, clock, marks, span, spoken, timeOfDay } from '../src/lib/time.js';

const at = (text) => Date.parse(`2026-08-01T${text}Z`);

test('a time of day has two digits everywhere', () => {
  assert.equal(timeOfDay(at('04:05:06'), { utc: true }), '04:05:06');
  assert.equal(timeOfDay(at('23:59:59'), { utc: true, seconds: false }), '23:59');
  assert.equal(timeOfDay(null), '–');
  assert.equal(timeOfDay(NaN), '–');
});

test('a duration as a clock shows it', () => {
  for (const [seconds, want] of [[-3, '0:00'], [0, '0:00'], [7.4, '0:07'], [59.6, '1:00'], [195, '3:15'], [7200, '2:00:00'], [3661, '1:01:01']]) {
    assert.equal(clock(seconds), want);
  }
});

test('a window in words', () => {
  for (const [seconds, want] of [[45, '45 s'], [119, '119 s'], [120, '2 min'], [600, '10 min'], [7200, '2 h'], [9000, '2 h 30 min']]) {
    assert.equal(span(seconds), want);
  }
});

test('a duration for a screen reader', () => {
  assert.equal(spoken(0), '0 seconds');
  assert.equal(spoken(1), '1 second');
  assert.equal(spoken(3721), '1 hour 2 minutes 1 second');
});

test('a bit rate has a unit that fits', () => {
  assert.deepEqual(bitrate(null), ['–', '']);
  assert.deepEqual(bitrate(128_000), ['128', 'kb/s']);
  assert.deepEqual(bitrate(999_999), ['1.00', 'Mb/s']);
  assert.deepEqual(bitrate(2_630_000), ['2.63', 'Mb/s']);
  assert.deepEqual(bitrate(12_340_000), ['12.3', 'Mb/s']);
});

test('marks are round, inside, and not too many', () => {
  const two = marks(at('12:00:13'), at('12:02:13'), 5);
  assert.equal(two.step, 30_000);
  assert.deepEqual(two.times.map((t) => timeOfDay(t, { utc: true })), ['12:00:30', '12:01:00', '12:01:30', '12:02:00']);
  const week = marks(at('00:00:00'), at('00:00:00') + 7 * 86_400_000, 4);
  assert.ok(week.times.length <= 5);
  assert.deepEqual(marks(5, 5, 4), { times: [], step: 0 });
  assert.deepEqual(marks(0, NaN, 4), { times: [], step: 0 });
});

test('marks are round where it is half an hour ahead of UTC', () => {
  const zone = 5.5 * 3_600_000;
  const { times, step } = marks(at('11:50:00'), at('14:50:00'), 4, zone);
  assert.equal(step, 3_600_000);
  assert.equal(timeOfDay(times[0] + zone, { utc: true }), '18:00:00');
});
