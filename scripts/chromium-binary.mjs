import { isExecutable, onPath } from './system-packages.mjs';

const NAMES = ['chromium', 'google-chrome-stable', 'google-chrome', 'chromium-browser'];
const ELSEWHERE = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/**
 * Finds a Chromium or a Chrome: the file named by CHROMIUM, then PATH, then where macOS has it. Runs nothing.
 *
 * @returns {string | undefined} undefined when there is none
 * @throws {Error} when CHROMIUM names something that cannot be run
 */
export function findChromium() {
  const named = process.env['CHROMIUM'];
  if (!named) return onPath(NAMES) ?? ELSEWHERE.find(isExecutable);
  if (isExecutable(named)) return named;
  throw new Error(`CHROMIUM is ${JSON.stringify(named)}, which is no executable file.`);
}
