import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problem, requestKind, undecoded } from '../src/players/contract.js';

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

test('a kind of media is missing when the browser decodes none of its renditions', () => {
  const decodes = (/** @type {string} */ type) => /avc1|mp4a\.40/.test(type);
  const film = [
    { mimeType: 'video/mp4', codecs: 'hvc1.2.4.L120.B0' },
    { mimeType: 'video/mp4', codecs: 'hvc1.2.4.L120.B0' },
    { mimeType: 'audio/mp4', codecs: 'mp4a.40.2' },
    { mimeType: 'image/jpeg' },
  ];
  assert.deepEqual(undecoded(film, decodes), ['video/mp4; codecs="hvc1.2.4.L120.B0"']);
  assert.deepEqual(undecoded([...film, { mimeType: 'video/mp4', codecs: 'avc1.42C028' }], decodes), []);
  assert.deepEqual(undecoded([{ mimeType: 'image/jpeg' }], decodes), []);
});
