import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problem, requestKind } from '../src/players/contract.js';

test('a server that answers is told from one that does not', () => {
  assert.equal(requestKind(undefined), 'network');
  assert.equal(requestKind(0), 'network');
  assert.equal(requestKind(404), 'missing');
  assert.equal(requestKind(410), 'changed');
  assert.equal(requestKind(422), 'unfit');
  assert.equal(requestKind(503), 'server');
});

test('each kind has a sentence', () => {
  for (const status of [0, 404, 410, 422, 503]) assert.match(problem(requestKind(status), '').text, /^The .+\.$|^What .+\.$/);
});
