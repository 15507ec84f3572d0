import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatChoice, parseChoice } from '../src/lib/location.js';

const players = ['hlsjs', 'dashjs'];

test('channel and player from the query or the hash, the hash first', () => {
  assert.deepEqual(parseChoice('?channel=demo&player=dashjs', '', players), { channel: 'demo', player: 'dashjs' });
  assert.deepEqual(parseChoice('', '#channel=demo', players), { channel: 'demo', player: '' });
  assert.deepEqual(parseChoice('?channel=a&player=hlsjs', '#channel=b', players), { channel: 'b', player: 'hlsjs' });
  assert.deepEqual(parseChoice('', '', players), { channel: '', player: '' });
});

test('what is no channel and no player is not taken', () => {
  const none = { channel: '', player: '' };
  assert.deepEqual(parseChoice('?channel=../api&player=vlc', '', players), none);
  assert.deepEqual(parseChoice('?channel=%3Cscript%3E&player=', '', players), none);
  assert.deepEqual(parseChoice(`?channel=${'x'.repeat(65)}`, '', players), none);
});

test('an address keeps what else it said', () => {
  assert.equal(formatChoice('?lang=de&channel=a', { channel: 'b', player: 'hlsjs' }), '?lang=de&channel=b&player=hlsjs');
  assert.equal(formatChoice('?channel=a', { channel: '', player: '' }), '');
});
