import { CacheRules } from '../../../support/http-model/rfc-9111.js';
import type { RawReply } from '../http-client.js';
import type { Entry } from './entries.js';
import { TICK, type AppRoute } from './model-routes.js';
import type { Ask } from './record.js';

/** What is known of a program beside the answer. */
export interface Surroundings {
  readonly route: AppRoute;
  readonly start: number;
  /** In milliseconds. */
  readonly drift: number;
  /** Whether it was answered without its own handler. */
  readonly hit: boolean;
}

/** Fields of one message or one connection, and what platforms add. */
const OF_MESSAGE = new Set([
  'age',
  'cache-control',
  'connection',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'set-cookie',
  'transfer-encoding',
  'vary',
  'x-powered-by',
]);

/** Fields that are there, and have the value of the run, or are not. */
export function missing(reply: RawReply, headers: Entry['headers'], names: readonly string[]): string[] {
  return names
    .filter((name) => headers.has(name) && text(reply, name) !== String(headers.get(name)))
    .map((name) => `${name}: ${String(text(reply, name))} in place of ${String(headers.get(name))}`);
}

/** What is wrong with the head of an answer that is a stored response. */
export function wrongHead(ask: Ask, entry: Entry, around: Surroundings): string[] {
  const { reply } = ask;
  const { model, dropsMine } = around.route;
  const dropped = ['x-request-id', ...(dropsMine ? ['x-mine'] : [])];
  const kept = [...entry.headers.keys()].filter((name) => !OF_MESSAGE.has(name) && !dropped.includes(name));
  const wrong = missing(reply, entry.headers, kept);
  const known = new Set([...kept, ...OF_MESSAGE, ...(entry.headers.has('etag') ? [] : ['etag'])]);
  if (around.hit) wrong.push(...Object.keys(reply.headers).filter((name) => !known.has(name)));
  const cookies = reply.headers['set-cookie'] ?? [];
  if (cookies.some((cookie) => cookie !== `late=${ask.id}` && !ownCookie(ask, cookie))) {
    wrong.push(`the cookies ${String(cookies)}`);
  }
  const vary = [...members(entry.headers.get('vary')), ...(model.keysTenant ? ['x-tenant'] : [])];
  // What varies by everything needs no further names.
  if (vary.includes('*')) vary.splice(0, vary.length, '*');
  if (String(members(text(reply, 'vary'))) !== String([...new Set(vary)].toSorted())) {
    wrong.push(`vary: ${String(text(reply, 'vary'))}`);
  }
  const length = reply.headers['content-length'];
  if (length !== undefined && Number(length) !== Buffer.byteLength(entry.made.body))
    wrong.push(`content-length: ${length}`);
  return [...wrong, ...wrongControl(ask, entry, around), ...(around.hit ? wrongAge(ask, entry, around) : [])];
}

/** Its own handler has set it in this exchange. */
function ownCookie(ask: Ask, cookie: string): boolean {
  return ask.runs.some((run) => [run.headers.get('set-cookie') ?? []].flat().includes(cookie));
}

function wrongControl({ reply, at }: Ask, entry: Entry, { route, drift, hit }: Surroundings): string[] {
  const sent = text(reply, 'cache-control') ?? '';
  const made = String(entry.headers.get('cache-control') ?? '');
  const { mode, audience } = route.model;
  if (audience === 'user') {
    const shared = /(?:^|[\s,])(?:public|s-maxage)/i.test(sent);
    return !shared && /(?:^|[\s,])private(?:$|[\s,])/i.test(sent) ? [] : [`cache-control of a user: ${sent}`];
  }
  if (mode === 'headers' || !hit) return sent === made ? [] : [`cache-control: ${sent} in place of ${made}`];
  const blank = (value: string): string => value.replaceAll(/(max-?age="?)\d+/gi, '$1');
  if (blank(sent) !== blank(made)) return [`cache-control: ${sent} in place of ${made}`];
  const left = CacheRules.maxAgeLeft(entry.model, at);
  if (left === undefined) return [];
  const told = [...sent.matchAll(/(?<!s-)max-age="?(\d+)/gi)].map(([, seconds]) => Number(seconds));
  const seconds = (left * TICK) / 1_000;
  const least = Math.min(...told);
  return least <= seconds && least >= seconds - drift / 1_000 - 2 ? [] : [`${sent}, with ${seconds} left`];
}

function wrongAge(
  { reply, at }: Ask,
  { model, headers }: Entry,
  { route, drift, start }: Surroundings,
): string[] {
  const { age, date } = reply.headers;
  if (route.model.mode === 'policy') return age === undefined ? [] : [`age: ${age}`];
  const wrong: string[] = [];
  const seconds = (CacheRules.age(model, at) * TICK) / 1_000;
  const more = drift / 1_000 + 2;
  if (!(Number(age) >= seconds && Number(age) <= seconds + more))
    wrong.push(`age: ${String(age)} in place of ${seconds}`);
  const made = headers.get('date');
  const early = (start + model.at * TICK) / 1_000 - CacheRules.age(model, model.at) * (TICK / 1_000);
  const late = Date.parse(String(date)) / 1_000 - early;
  if (made === undefined ? late < -2 || late > more : made !== date) wrong.push(`date: ${String(date)}`);
  return wrong;
}

/** The members of a list, lower-cased, each once, in order. */
function members(value: string | readonly string[] | undefined): string[] {
  const all = String(value ?? '')
    .split(',')
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== '');
  return [...new Set(all)].toSorted();
}

/** Several fields of one name in one text. */
function text({ headers }: RawReply, name: string): string | undefined {
  const value = headers[name];
  return value === undefined ? undefined : String(value).replaceAll(', <', ',<');
}
