/**
 * Play, pause and seek from keyboards' media keys, headsets and lock screens.
 * @param {import('./session.svelte.js').Session} session
 */
export function mediaKeys(session) {
  const keys = navigator.mediaSession;
  if (!keys) return;
  keys.setActionHandler('play', () => session.play());
  keys.setActionHandler('pause', () => session.pause());
  keys.setActionHandler('seekbackward', (how) => session.seek(session.view.currentTime - (how.seekOffset ?? 10)));
  keys.setActionHandler('seekforward', (how) => session.seek(session.view.currentTime + (how.seekOffset ?? 10)));
}
