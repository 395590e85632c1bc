// Runs curl commands as they stand in the documents. Imports from node: only.
import { execFile } from 'node:child_process';
import { request } from 'node:http';

/**
 * The words of a command, as a shell splits them. Quotes are single ones.
 *
 * @param {string} command
 */
export function wordsOf(command) {
  return [...command.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''));
}

/**
 * What `curl` prints with these arguments, lines ended by `\n`. Where there is no curl, a request of Node's own stands in for
 * it, which knows `-i`, `-I`, `-X`, `-H` and `-d`.
 *
 * @param {readonly string[]} args
 * @returns {Promise<string>}
 */
export async function curl(args) {
  const printed = await run(args);
  return (printed ?? (await standIn(args))).replaceAll('\r\n', '\n');
}

/**
 * `undefined` when there is no curl.
 *
 * @param {readonly string[]} args
 * @returns {Promise<string | undefined>}
 */
function run(args) {
  // No settings of the user, and no proxy.
  const env = { ...process.env, NO_PROXY: '*', no_proxy: '*' };
  return new Promise((resolve, reject) => {
    execFile('curl', ['-q', '-s', '-S', ...args], { env }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT') resolve(withoutCurl());
      else reject(new Error(`curl failed: ${error.message}`));
    });
  });
}

let told = false;

/** Says once that something else stands in for curl. */
function withoutCurl() {
  if (!told) console.error('There is no curl: a request of Node stands in for it.');
  told = true;
  return undefined;
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<string>}
 */
function standIn(args) {
  const { url, method, headers, body } = read(args);
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (reply) => {
      const { httpVersion, statusCode, statusMessage, rawHeaders } = reply;
      const lines = [`HTTP/${httpVersion} ${statusCode} ${statusMessage}`];
      for (let at = 0; at < rawHeaders.length; at += 2)
        lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
      let text = `${lines.join('\n')}\n\n`;
      reply.setEncoding('utf8');
      reply.on('data', (chunk) => (text += chunk));
      reply.on('error', reject);
      reply.on('end', () => resolve(text));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** @param {readonly string[]} args */
function read(args) {
  const asked = { url: '', method: 'GET', headers: { Accept: '*/*', Connection: 'keep-alive' }, body: '' };
  for (let at = 0; at < args.length; at += 1) {
    const [word = '', next = ''] = args.slice(at);
    if (word === '-I') asked.method = 'HEAD';
    else if (word.startsWith('http')) asked.url = word;
    else if (word !== '-i') at += 1;
    if (word === '-X') asked.method = next;
    if (word === '-d') Object.assign(asked, { body: next });
    if (word === '-H') asked.headers = { ...asked.headers, ...field(next) };
  }
  if (asked.body !== '')
    asked.headers = { ...asked.headers, ...field(`Content-Length: ${Buffer.byteLength(asked.body)}`) };
  return asked;
}

/** @param {string} text */
function field(text) {
  const colon = text.indexOf(':');
  return { [text.slice(0, colon)]: text.slice(colon + 1).trim() };
}
