import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * The version of a package, as the package `of` gets it, or as we do.
 *
 * @param {string} name
 * @param {string} [of]
 * @returns {string}
 */
export function packageVersion(name, of) {
  const from = of === undefined ? ROOT : folderOf(of, ROOT);
  return versionIn(folderOf(name, from));
}

/** The version of this library. */
export function ownVersion() {
  return versionIn(ROOT);
}

/** On what a table was measured: lines of Markdown. */
export function environment() {
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  return [
    `- ${availableParallelism()} cores (${model}), which Redis and the load share`,
    `- Node.js ${process.versions.node}`,
    `- commit ${commit()}`,
  ];
}

function commit() {
  try {
    const git = (/** @type {string[]} */ ...args) =>
      execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const changed = git('status', '--porcelain', '--', 'src') !== '';
    return `${git('rev-parse', '--short', 'HEAD')}${changed ? ' and changes to it' : ''}`;
  } catch {
    return 'unknown';
  }
}

/**
 * The folder of a package that a module in the folder `from` would load.
 *
 * @param {string} name
 * @param {string} from
 * @returns {string}
 */
function folderOf(name, from) {
  const folder = join(from, 'node_modules', name);
  if (existsSync(join(folder, 'package.json'))) return folder;
  if (dirname(from) === from) throw new Error(`The package ${name} is not installed.`);
  return folderOf(name, dirname(from));
}

/** @param {string} folder */
function versionIn(folder) {
  return String(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version);
}
