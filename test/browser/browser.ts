import { chromium, type Browser } from 'playwright-core';
import { findChromium } from '../../scripts/chromium-binary.mjs';

/** Quiet: nothing of it asks the network for anything but the pages of a test. */
const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts a Chromium with an empty profile. It ends with this process. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    throw new Error('No Chromium was found. Run "npm run test:browser": it gets one or says what to do.');
  }
  return chromium.launch({ executablePath, args: FLAGS });
}
