import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StallWatch } from '../src/lib/stall.js';

const none = { length: 0, start: () => 0, end: () => 0 };
const holeTo = (start) => ({ length: 1, start: () => start, end: () => start + 10 });

/** Watches from 0 to seconds, four times a second; the window ends at end(second). Gives all remedies with their times. */
function watch(seconds, sight) {
  const watcher = new StallWatch();
  const remedies = [];
  watcher.reset(1);
  for (let at = 0; at <= seconds; at += 0.25) {
    const seen = { wanted: true, segment: 2, buffered: none, onAir: true, started: true, ...sight(at) };
    const remedy = watcher.check({ now: 1 + at * 1000, ...seen });
    if (remedy) remedies.push([at, remedy]);
  }
  return remedies;
}

test('playback that moves needs nothing', () => {
  assert.deepEqual(watch(60, (at) => ({ time: at, range: { start: 0, end: 20 + at } })), []);
});

test('a paused viewer is left alone', () => {
  assert.deepEqual(watch(60, (at) => ({ wanted: false, time: 5, range: { start: at, end: 20 + at } })), []);
});

test('a channel that went off air is waited for', () => {
  assert.deepEqual(watch(120, () => ({ onAir: false, time: 50, range: { start: 0, end: 50 } })), []);
});

test('a time that fell out of the window is brought back in', () => {
  const [[at, remedy]] = watch(4, () => ({ time: 5, range: { start: 40, end: 100 } }));
  assert.ok(at < 3);
  assert.deepEqual(remedy, { do: 'seek', to: 42 });
});

test('a hole is skipped', () => {
  const [[, remedy]] = watch(7, (at) => ({ time: 50, range: { start: 0, end: 60 + at }, buffered: holeTo(52) }));
  assert.deepEqual(remedy, { do: 'seek', to: 52.05 });
});

test('a hole before the first frame is skipped soon', () => {
  const [[at, remedy]] = watch(3, () => ({ started: false, time: 50, range: { start: 0, end: 52 }, buffered: holeTo(51.5) }));
  assert.ok(at < 1);
  assert.deepEqual(remedy, { do: 'seek', to: 51.55 });
});

test('without a hole it goes live, then starts anew', () => {
  const said = watch(17, (at) => ({ time: 50, range: { start: 0, end: 60 + at } })).map(([, remedy]) => remedy.do);
  assert.deepEqual(said, ['live', 'restart']);
});

test('the end of an asset is no stall', () => {
  const remedies = watch(3.25, () => ({ complete: true, time: 99.4, range: { start: 0, end: 100 } }));
  assert.deepEqual(remedies.map(([, remedy]) => remedy), [{ do: 'end' }]);
});

test('an asset whose media does not come is waited for, then started anew, and never live', () => {
  const still = () => ({ complete: true, time: 50, range: { start: 0, end: 100 } });
  assert.deepEqual(watch(29, still), []);
  assert.deepEqual(watch(31, still).map(([, remedy]) => remedy.do), ['restart']);
});

test('an asset that has not begun has not ended, however short it is', () => {
  assert.deepEqual(watch(29, () => ({ complete: true, started: false, time: 0, range: { start: 0, end: 0.8 } })), []);
});

test('a hole in an asset is skipped', () => {
  const remedies = watch(7, () => ({ complete: true, time: 50, range: { start: 0, end: 100 }, buffered: holeTo(52) }));
  assert.deepEqual(remedies.map(([, remedy]) => remedy), [{ do: 'seek', to: 52.05 }]);
});

test('a feed that comes back gives the library its time first', () => {
  const back = 60;
  const remedies = watch(90, (at) => ({ onAir: at > back, time: 50, range: { start: 0, end: at > back ? 50 + at - back : 50 } }));
  assert.equal(remedies[0][1].do, 'live');
  assert.ok(remedies[0][0] > back + 5);
});
