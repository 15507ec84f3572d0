/**
 * What went wrong while the page was open, and what was done about it; the newest first.
 *
 * @typedef {object} Note
 * @property {number} id
 * @property {number} at ms since the Unix epoch
 * @property {'info' | 'warning' | 'error'} level an error stopped the player, a warning did not
 * @property {string} text
 * @property {string} detail
 * @property {string} kind of the problem, empty for what is none
 * @property {number} times how often it was said in a row
 */

const most = 50;

export class Journal {
  /** @type {Note[]} */
  notes = $state.raw([]);
  #next = 1;

  /**
   * @param {Note['level']} level
   * @param {string} text
   * @param {{detail?: string, kind?: string}} [more]
   */
  add(level, text, { detail = '', kind = '' } = {}) {
    const last = this.notes[0];
    if (last && last.text === text && last.level === level) {
      this.notes = [{ ...last, at: Date.now(), detail, times: last.times + 1 }, ...this.notes.slice(1)];
      return;
    }
    const note = { id: this.#next++, at: Date.now(), level, text, detail, kind, times: 1 };
    this.notes = [note, ...this.notes].slice(0, most);
  }

  clear() {
    this.notes = [];
  }
}
