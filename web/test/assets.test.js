import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assumedAsset, matching, parsedAsset } from '../src/lib/assets.js';

test('an asset that is not listed is where its name says, encoded', () => {
  const asset = assumedAsset('films~2024~a film.mp4');
  assert.equal(asset.hls, '/vod/films~2024~a%20film.mp4/index.m3u8');
  assert.equal(asset.dash, '/vod/films~2024~a%20film.mp4/manifest.mpd');
  assert.equal(assumedAsset('a/b?#').hls, '/vod/a%2Fb%3F%23/index.m3u8');
  assert.equal(asset.title, 'films~2024~a film.mp4');
});

test('what the list says of an asset goes before what its name says', () => {
  assert.deepEqual(parsedAsset({ id: 'x', title: 'A film', hls: '/h', dash: '/d' }), { kind: 'asset', id: 'x', title: 'A film', hls: '/h', dash: '/d' });
  assert.deepEqual(parsedAsset({ id: 'x' }), assumedAsset('x'));
});

test('all words are looked for, in titles and names', () => {
  const list = [{ id: 'night', title: 'A Night at Sea' }, { id: 'n2', title: 'Nightfall' }].map(parsedAsset);
  const found = (words) => matching(list, words).map((asset) => asset.id);
  assert.deepEqual(found(''), ['night', 'n2']);
  assert.deepEqual(found(' sea  NIGHT '), ['night']);
  assert.deepEqual(found('N2 fall'), ['n2']);
  assert.deepEqual(found('day'), []);
});
