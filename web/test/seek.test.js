import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bufferAhead, fractionAt, liveTolerance, nextBuffered, safeTarget, timeAt } from '../src/lib/seek.js';

const range = { start: 1000, end: 1120 };
const ranges = (...pairs) => ({ length: pairs.length, start: (i) => pairs[i][0], end: (i) => pairs[i][1] });

test('fraction and time are each other’s inverse inside of the window', () => {
  for (const fraction of [0, 0.25, 0.6, 1]) assert.equal(fractionAt(range, timeAt(range, fraction)), fraction);
});

test('what lies outside of the window is clamped', () => {
  assert.equal(fractionAt(range, 0), 0);
  assert.equal(fractionAt(range, 9999), 1);
  assert.equal(timeAt(range, -1), 1000);
  assert.equal(timeAt(range, 7), 1120);
  assert.equal(timeAt(range, NaN), 1000);
});

test('an empty window counts as live', () => {
  assert.equal(fractionAt(null, 5), 1);
  assert.equal(fractionAt({ start: 5, end: 5 }, 5), 1);
  assert.equal(fractionAt(range, NaN), 1);
});

test('a seek to the oldest end keeps clear of what is about to leave', () => {
  assert.equal(safeTarget(range, 1000, 2), 1002);
  assert.equal(safeTarget(range, 1050, 2), 1050);
  assert.equal(safeTarget(range, 5000, 2), 1120);
  assert.equal(safeTarget({ start: 0, end: 4 }, 0, 6), 1);
});

test('live is within one and a half segments', () => {
  assert.equal(liveTolerance(null), 4);
  assert.equal(liveTolerance(2), 4);
  assert.equal(liveTolerance(6), 9);
});

test('buffer ahead spans small holes only', () => {
  assert.equal(bufferAhead(ranges([0, 10]), 4), 6);
  assert.equal(bufferAhead(ranges([0, 10], [10.1, 12]), 4), 8);
  assert.equal(bufferAhead(ranges([0, 10], [11, 12]), 4), 6);
  assert.equal(bufferAhead(ranges([0, 10]), 20), 0);
  assert.equal(bufferAhead(ranges(), 20), 0);
});

test('the next stretch after a hole', () => {
  assert.equal(nextBuffered(ranges([0, 10], [12, 14]), 10), 12);
  assert.equal(nextBuffered(ranges([0, 10]), 10), null);
});
