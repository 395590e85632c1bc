// Makes a fresh clone ready: installs what the lockfile names, unless it is there. Runs before anything is installed, so
// it imports from node: only.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

requireNode();
if (!isInstalled()) install();

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major >= 24 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)) return;
  console.error(
    `This needs Node 20.19 or later of 20, 22.12 or later of 22, or 24. This is ${process.version}.`,
  );
  process.exit(1);
}

/**
 * Compares the lockfile with npm's own record of what is in node_modules. npm writes that record last, so an interrupted
 * install has none. Packages for other platforms are optional and may be absent.
 */
function isInstalled() {
  const record = `${root}node_modules/.package-lock.json`;
  if (!existsSync(record)) return false;
  const wanted = packagesOf(`${root}package-lock.json`);
  const present = packagesOf(record);
  return Object.entries(wanted).every(([path, entry]) => {
    const found = present[path];
    return path === '' || (found ? found.version === entry?.version : entry?.optional === true);
  });
}

/**
 * @param {string} file
 * @returns {Record<string, { version: string, optional?: boolean } | undefined>}
 */
function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

function install() {
  console.log('Installing the packages that package-lock.json names …');
  // Tests and the demo need devDependencies under NODE_ENV=production as well.
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  const npm = process.env['npm_execpath'] ?? '';
  const { status, error } = npm.endsWith('npm-cli.js')
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (error) console.error(`npm could not be run: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}
