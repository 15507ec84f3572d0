import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatChoice, parseChoice } from '../src/lib/location.js';

const players = ['hlsjs', 'dashjs'];
const none = { channel: '', asset: '', player: '', at: 0 };

/** @param {string} search @param {string} hash @param {Partial<import('../src/lib/location.js').Choice>} choice */
function says(search, hash, choice) {
  assert.deepEqual(parseChoice(search, hash, players), { ...none, ...choice });
}

test('channel and player from the query or the hash, the hash first', () => {
  says('?channel=demo&player=dashjs', '', { channel: 'demo', player: 'dashjs' });
  says('', '#channel=demo', { channel: 'demo' });
  says('?channel=a&player=hlsjs', '#channel=b', { channel: 'b', player: 'hlsjs' });
  says('', '', {});
});

test('an asset has any name', () => {
  says('?asset=films~2024~a%20film.mp4&player=hlsjs', '', { asset: 'films~2024~a film.mp4', player: 'hlsjs' });
  says('', '#asset=%C3%A9t%C3%A9%2F1%3F%26%23', { asset: 'été/1?&#' });
  says('?asset=', '', {});
  says(`?asset=${'x'.repeat(3000)}`, '', {});
});

test('of a channel and an asset the one that is given last', () => {
  says('?channel=a&asset=b', '', { asset: 'b' });
  says('?asset=b&channel=a', '', { channel: 'a' });
  says('?asset=b&at=5', '#channel=a', { channel: 'a' });
  says('?channel=a', '#asset=b', { asset: 'b' });
});

test('where to begin belongs to an asset', () => {
  says('?asset=x&at=75', '', { asset: 'x', at: 75 });
  says('?at=7.5&asset=x', '', { asset: 'x', at: 7.5 });
  says('?asset=x&at=75', '#asset=y', { asset: 'y' });
  says('?asset=x&at=75', '#asset=x&at=5', { asset: 'x', at: 5 });
  says('?channel=a&at=75', '', { channel: 'a' });
  for (const wrong of ['-1', 'x', '1e9', '', 'Infinity']) says(`?asset=x&at=${wrong}`, '', { asset: 'x' });
});

test('what is no channel and no player is not taken', () => {
  says('?channel=../api&player=vlc', '', {});
  says('?channel=%3Cscript%3E&player=', '', {});
  says(`?channel=${'x'.repeat(65)}`, '', {});
});

test('an address keeps what else it said', () => {
  assert.equal(formatChoice('?lang=de&channel=a', { ...none, channel: 'b', player: 'hlsjs' }), '?lang=de&channel=b&player=hlsjs');
  assert.equal(formatChoice('?channel=a', none), '');
});

test('an address says one of a channel and an asset', () => {
  assert.equal(formatChoice('?channel=a', { ...none, asset: 'b c', at: 7.5 }), '?asset=b+c&at=7.5');
  assert.equal(formatChoice('?asset=b&at=7', { ...none, channel: 'a' }), '?channel=a');
  assert.equal(formatChoice('?asset=b&at=7', { ...none, asset: 'c' }), '?asset=c');
  const odd = { ...none, asset: 'é/?&#=+ %', player: 'dashjs', at: 3 };
  assert.deepEqual(parseChoice(formatChoice('', odd), '', players), odd);
});
