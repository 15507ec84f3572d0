const timeoutMs = 5000;

/**
 * A list that the server has, asked for again and again while the page is open.
 *
 * @template T
 */
export class Polled {
  /** @type {T[]} */
  list = $state.raw([]);
  /** Why the list could not be had, empty when it could. */
  problem = $state('');
  /** The first answer is there, or has failed. */
  asked = $state(false);

  #address;
  #name;
  #parsed;
  #everyMs;
  #hiddenEveryMs;
  #timer = 0;
  #stopped = false;

  /**
   * @param {string} address
   * @param {string} name of the list, for whoever watches
   * @param {(entry: any) => T} parsed
   * @param {number} everyMs while the page can be seen
   * @param {number} hiddenEveryMs while it cannot
   */
  constructor(address, name, parsed, everyMs, hiddenEveryMs) {
    this.#address = address;
    this.#name = name;
    this.#parsed = parsed;
    this.#everyMs = everyMs;
    this.#hiddenEveryMs = hiddenEveryMs;
  }

  start() {
    const onVisible = () => {
      if (document.hidden) return;
      clearTimeout(this.#timer);
      this.#refresh();
    };
    document.addEventListener('visibilitychange', onVisible);
    this.#refresh();
    return () => {
      this.#stopped = true;
      clearTimeout(this.#timer);
      document.removeEventListener('visibilitychange', onVisible);
    };
  }

  /**
   * Is told of each answer.
   * @param {Response} _answer
   * @param {number} _before when it was asked for, ms since the Unix epoch
   */
  answered(_answer, _before) {}

  async #refresh() {
    try {
      const before = Date.now();
      const answer = await fetch(this.#address, { cache: 'no-store', signal: AbortSignal.timeout(timeoutMs) });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      this.answered(answer, before);
      const entries = await answer.json();
      if (!Array.isArray(entries)) throw new Error('not a list');
      const list = entries.filter((entry) => entry?.id).map(this.#parsed);
      // The page is drawn anew only when something has changed.
      if (JSON.stringify(list) !== JSON.stringify(this.list)) this.list = list;
      this.problem = '';
    } catch (error) {
      this.problem = `The list of ${this.#name} cannot be had: ${error.message}.`;
    }
    this.asked = true;
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#refresh(), document.hidden ? this.#hiddenEveryMs : this.#everyMs);
  }
}
