/** What the keyboard does, for the help and for the hand. */
export const shortcuts = [
  { keys: ['Space', 'K'], does: 'Play or pause' },
  { keys: ['←', 'J'], does: 'Back 10 seconds' },
  { keys: ['→', 'L'], does: 'Forward 10 seconds' },
  { keys: ['Home'], does: 'Oldest moment, or the beginning' },
  { keys: ['End'], does: 'Go live, or to the end' },
  { keys: ['M'], does: 'Sound on or off' },
  { keys: ['↑', '↓'], does: 'Volume' },
  { keys: ['F'], does: 'Full screen' },
  { keys: ['?'], does: 'This list' },
];

/** Elements that use the keys themselves. */
const busy = 'input, select, textarea, [role="slider"], [role="radio"], dialog';

/**
 * Does what a key stands for, and tells whether it stood for something.
 * @param {KeyboardEvent} event
 * @param {{
 *   session: import('./session.svelte.js').Session,
 *   sound: import('./sound.svelte.js').Sound,
 *   toggleFull: () => void, toggleHelp: () => void,
 * }} page
 */
export function keyHandler(event, { session, sound, toggleFull, toggleHelp }) {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return false;
  const target = /** @type {Element} */ (event.target);
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const letter = /^[a-z?]$/.test(key) && !target.closest('input:not([type="range"]):not([type="radio"]), textarea, dialog');
  // Space and Enter press what has the focus; arrows belong to sliders and radio buttons.
  if (!letter && (target.closest(busy) || (key === ' ' && target.closest('button, a, summary')))) return false;

  const time = session.view.currentTime;
  /** @type {Record<string, () => void>} */
  const actions = {
    ' ': () => (session.wanted ? session.pause() : session.play()),
    k: () => (session.wanted ? session.pause() : session.play()),
    ArrowLeft: () => session.seek(time - 10),
    j: () => session.seek(time - 10),
    ArrowRight: () => session.seek(time + 10),
    l: () => session.seek(time + 10),
    Home: () => session.seekToWindow(0),
    End: () => session.toEnd(),
    m: () => sound.toggle(),
    ArrowUp: () => sound.set(Math.min(1, (sound.muted ? 0 : sound.volume) + 0.1)),
    ArrowDown: () => sound.set(Math.max(0, sound.volume - 0.1)),
    f: toggleFull,
    '?': toggleHelp,
  };
  if (!Object.hasOwn(actions, key)) return false;
  event.preventDefault();
  actions[key]();
  return true;
}
