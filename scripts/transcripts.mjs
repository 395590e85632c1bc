// Puts into the guide what the demo really answers: every `$ curl` below a `<!-- curl -->` is run, in the order of the page,
// and what it prints is written below it. Each page has a demo of its own, in memory, as `npm start` runs it.
//   npm run docs:transcripts               writes the pages
//   npm run docs:transcripts -- --check    ends with 1 where a page differs from what the demo answers
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { curl, wordsOf } from './curl.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    demo: { type: 'string', default: join(root, 'examples/cities/dist/main.js') },
    pages: { type: 'string', default: join(root, 'docs/guide') },
  },
});

/** Stands on every page with a transcript. */
const LEGEND = 'What differs from run to run stands in `<…>`; `Connection` and `Keep-Alive` are left out.';
const BLOCK = /(<!-- curl -->\n+```console\n)(.*?)(^```$)/gms;
const ADDRESS = 'http://localhost:3000';
/** The longest body that is shown whole. */
const LONGEST = 300;

let wrong = 0;
for (const name of readdirSync(options.pages).filter((file) => file.endsWith('.md'))) {
  const path = join(options.pages, name);
  const page = readFileSync(path, 'utf8');
  if (!page.includes('<!-- curl -->')) continue;
  if (!page.includes(LEGEND)) throw new Error(`${name} does not say: ${LEGEND}`);
  const answered = await withDemo((url) => transcribe(page, url));
  if (answered === page) console.log(`${name}: as the demo answers`);
  else if (options.check) wrong += report(name, page, answered);
  else writeFileSync(path, answered);
}
if (wrong > 0) {
  console.error('Run "npm run docs:transcripts" and look at what has changed.');
  process.exitCode = 1;
}

/**
 * The page with what its commands print now.
 *
 * @param {string} page
 * @param {string} url
 */
async function transcribe(page, url) {
  const known = new Map([[ADDRESS, url]]);
  let text = '';
  let end = 0;
  for (const block of page.matchAll(BLOCK)) {
    const [whole, open = '', shown = '', close = ''] = block;
    text += page.slice(end, block.index) + open + (await runAll(shown, known)) + close;
    end = block.index + whole.length;
  }
  return text + page.slice(end);
}

/**
 * @param {string} shown what stands in a block
 * @param {Map<string, string>} known what stands for what in commands
 */
async function runAll(shown, known) {
  const parts = [];
  for (const [command] of shown.matchAll(/^\$ .*$/gm)) {
    const [program, ...args] = wordsOf(command.slice(2));
    if (program !== 'curl') throw new Error(`Only curl can be run: ${command}`);
    const filled = args.map((word) =>
      [...known].reduce((text, [name, value]) => text.replaceAll(name, value), word),
    );
    parts.push(`${command}\n${legible(await curl(filled), known)}`);
  }
  return parts.join('\n');
}

/**
 * What curl printed, without what differs from run to run.
 *
 * @param {string} printed
 * @param {Map<string, string>} known learns the tag of a body that is not shown whole
 */
function legible(printed, known) {
  const [head = '', body = ''] = printed.split(/\n\n(.*)/s);
  const long = body.length > LONGEST;
  const tag = /^ETag: W\/"(.*)"$/m.exec(head)?.[1];
  // A long body is not the same with every version of Node, whose names of countries are in it.
  if (long && tag !== undefined) known.set('<tag>', tag);
  const lines = head.split('\n').filter((line) => !/^(?:Connection|Keep-Alive):/.test(line));
  const shown = lines.map((line) =>
    line
      .replace(/^(Date: ).*/, '$1<now>')
      .replace(/^(Age: ).*/, '$1<seconds>')
      .replace(/; ttl=\d+/, '; ttl=<seconds>')
      .replace(/^(Content-Length: ).*/, long ? '$1<bytes>' : '$&')
      .replaceAll(known.get('<tag>') ?? '\0', '<tag>'),
  );
  const end = long ? `${body.slice(0, 60)}<…>\n` : body === '' ? '' : `${body}\n`;
  return `${shown.join('\n')}\n${end === '' ? '' : `\n${end}`}`;
}

/**
 * Runs some work with a fresh demo.
 *
 * @param {(url: string) => Promise<string>} work
 */
async function withDemo(work) {
  const corrections = join(tmpdir(), `cities-corrections-${process.pid}.jsonl`);
  const env = {
    ...process.env,
    HOST: '127.0.0.1',
    PORT: '0',
    PLATFORM: '',
    REDIS_URL: '',
    CORRECTIONS_FILE: corrections,
  };
  const demo = spawn(process.execPath, [options.demo], {
    env,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  try {
    /** @type {string} */
    const url = await new Promise((resolve, reject) => {
      demo.once('message', (/** @type {string} */ text) => resolve(text));
      demo.once('exit', () => reject(new Error(`The demo did not start. Is ${options.demo} built?`)));
    });
    return await work(url);
  } finally {
    demo.kill('SIGKILL');
    rmSync(corrections, { force: true });
  }
}

/**
 * Says where a page and the demo part.
 *
 * @param {string} name
 * @param {string} page
 * @param {string} answered
 */
function report(name, page, answered) {
  const [shown, now] = [page.split('\n'), answered.split('\n')];
  const at = shown.findIndex((line, index) => line !== now[index]);
  console.error(`${name}:${at + 1} shows\n  ${shown[at]}\nand the demo answers\n  ${now[at]}`);
  return 1;
}
