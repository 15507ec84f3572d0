// A Chromium with a profile of its own, which never outlives this process.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const flags = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--mute-audio',
];

/**
 * Opens a page in a new browser. If this process is killed, Chromium sees its pipe close and goes too.
 *
 * @param {{width: number, height: number, origin: string, autoplay: boolean, more?: string[]}} options origin: the only one that the page
 *   may talk to; more: of the browser's flags
 */
export async function openBrowser({ width, height, origin, autoplay, more = [] }) {
  const profile = await mkdtemp(join(tmpdir(), 'weir-chromium-'));
  const remove = () => rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  let context;
  try {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
      headless: true,
      args: [...flags, ...more, `--autoplay-policy=${autoplay ? 'no-user-gesture-required' : 'document-user-activation-required'}`],
      viewport: { width, height },
      // play.mjs ends the browser itself, also on signals.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      timeout: 90_000,
    });
  } catch (error) {
    await remove();
    throw new Error(`chromium does not start (is it installed? CHROMIUM names another): ${String(error.message).split('\n')[0]}`);
  }
  const page = context.pages()[0] ?? (await context.newPage());

  /** What the page said on its console that sounds like trouble, and what it asked of others than its server. */
  const heard = { console: [], outside: [] };
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && heard.console.length < 50) heard.console.push(`${message.type()}: ${message.text()}`.slice(0, 500));
  });
  page.on('pageerror', (error) => heard.console.push(`uncaught: ${error.message}`.slice(0, 500)));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (/^(https?|wss?):$/.test(url.protocol) && url.origin !== origin && heard.outside.length < 50) heard.outside.push(request.url());
  });

  let closing;
  const close = () => {
    closing ??= (async () => {
      // A browser that hangs is not waited for: the pipe closes with this process.
      await Promise.race([context.close().catch(() => {}), new Promise((done) => setTimeout(done, 5000).unref())]);
      await remove().catch(() => {});
    })();
    return closing;
  };
  return { page, heard, close };
}
