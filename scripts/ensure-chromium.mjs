// Makes sure that the tests in a browser find one. Never uses sudo. Imports from node: only.
import { spawnSync } from 'node:child_process';
import { findChromium } from './chromium-binary.mjs';
import { installWithApt } from './system-packages.mjs';

const ADVICE = `No Chromium was found, and none could be installed here.

Do one of these, then run the command again:
  Debian           sudo apt-get install chromium
  Ubuntu           sudo snap install chromium    (or Google's package of Chrome)
  Fedora, RHEL     sudo dnf install chromium
  Alpine           sudo apk add chromium
  Arch             sudo pacman -S chromium
  macOS            brew install --cask chromium  (or Chrome)
  anywhere else    set CHROMIUM to the path of a Chromium or a Chrome

Each test has a profile of its own: nothing of yours is read, and nothing of theirs is kept.`;

if (!works()) {
  if (!installWithApt('chromium') || !works()) {
    console.error(ADVICE);
    process.exit(1);
  }
  console.log(`chromium: ${find()}`);
}

/** Whether there is a browser that starts; a file without its libraries is none. */
function works() {
  const path = find();
  if (path === undefined) return false;
  const { status } = spawnSync(path, ['--version'], { stdio: 'ignore' });
  if (status !== 0 && process.env['CHROMIUM']) {
    console.error(`CHROMIUM is ${JSON.stringify(path)}, which does not run.`);
    process.exit(1);
  }
  return status === 0;
}

function find() {
  try {
    return findChromium();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
