/** What a request says, before it is written as headers. */
export interface ModelRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly authorization: boolean;
  /** Who was put on the request by a guard. */
  readonly user: string | undefined;
  readonly session: boolean;
  readonly cookie: 'none' | 'theme' | 'sid';
  /** The members of `Accept-Language`; `undefined` = the header is not there. */
  readonly languages: readonly string[] | undefined;
  readonly spaced: boolean;
  readonly tenant: string | undefined;
  readonly cacheControl: 'no-store' | 'no-cache' | 'max-age=0' | undefined;
}

/** One directive of `Cache-Control`; `seconds` that are no number are not to be read. */
export interface Directive {
  readonly name: string;
  readonly seconds?: number | 'soon';
}

/** What a response says, before it is written as headers. All times are seconds from when it was made. */
export interface ModelResponse {
  readonly status: number;
  readonly control: readonly Directive[];
  /** What middleware says when the head is written. */
  readonly late: readonly Directive[];
  readonly cookie: 'none' | 'handler' | 'late';
  readonly expires: number | 'invalid' | undefined;
  readonly date: number | undefined;
  readonly age: number | 'invalid' | undefined;
  readonly vary: readonly ('accept-language' | 'x-tenant' | 'cookie' | '*')[];
  readonly etag: boolean;
  /** How it is written: spaces, case, quotes and the format of dates. */
  readonly hand: 0 | 1 | 2;
}

/** What a route says. Times are seconds. */
export interface ModelRoute {
  readonly mode: 'policy' | 'headers';
  readonly audience: 'anonymous' | 'everybody' | 'user';
  readonly ttl: number;
  readonly negativeTtl: number;
  readonly statuses: readonly number[];
  readonly keysTenant: boolean;
  readonly revalidate: number;
  readonly error: number;
}

/** A run of a handler: `at` = when, in seconds. A run whose handler said 304 stands for the response that it called right. */
export interface ModelRun {
  readonly at: number;
  readonly request: ModelRequest;
  readonly response: ModelResponse;
}

/** A response whose seconds last longer. */
export function stretched(response: ModelResponse, factor: number): ModelResponse {
  const longer = <Value>(value: Value): Value | number =>
    typeof value === 'number' ? value * factor : value;
  const directives = (list: readonly Directive[]): Directive[] =>
    list.map(({ name, seconds }) => (seconds === undefined ? { name } : { name, seconds: longer(seconds) }));
  const { control, late, expires, date, age } = response;
  return {
    ...response,
    control: directives(control),
    late: directives(late),
    expires: longer(expires),
    date: longer(date),
    age: longer(age),
  };
}

/** The headers of a request, as a server gives them. */
export function requestHeaders(request: ModelRequest): Record<string, string> {
  const { authorization, cookie, languages, spaced, tenant, cacheControl } = request;
  return {
    ...(authorization && { authorization: 'Bearer x' }),
    ...(cookie !== 'none' && { cookie: cookie === 'sid' ? 'theme=dark; sid=1' : 'theme=dark' }),
    ...(languages !== undefined && { 'accept-language': languages.join(spaced ? ' , ' : ',') }),
    ...(tenant !== undefined && { 'x-tenant': tenant }),
    ...(cacheControl !== undefined && { 'cache-control': cacheControl }),
  };
}

/** The headers that a handler sets. */
export function responseHeaders(response: ModelResponse, at: number): Record<string, string | string[]> {
  const { control, cookie, expires, date, age, vary, etag, hand } = response;
  const when = (seconds: number): string => writeDate(seconds, hand);
  return {
    ...(control.length > 0 && { 'Cache-Control': writeControl(control, hand) }),
    ...(cookie === 'handler' && { 'Set-Cookie': ['sid=2; HttpOnly'] }),
    ...(expires !== undefined && { Expires: expires === 'invalid' ? '0' : when(at + expires) }),
    ...(date !== undefined && { Date: when(at + date) }),
    ...(age !== undefined && { Age: age === 'invalid' ? '1.5' : String(age) }),
    ...(vary.length > 0 && { Vary: hand === 1 ? vary.join(' ,').toUpperCase() : vary.join(', ') }),
    ...(etag && { ETag: '"v1"' }),
  };
}

/** The headers that are on a response in the end. */
export function headHeaders(response: ModelResponse, at: number): Record<string, string | string[]> {
  const { control, late, cookie, hand } = response;
  const all = [...control, ...late];
  return {
    ...responseHeaders(response, at),
    ...(all.length > 0 && { 'Cache-Control': writeControl(all, hand) }),
    ...(cookie === 'late' && { 'Set-Cookie': ['sid=2'] }),
  };
}

function writeControl(directives: readonly Directive[], hand: number): string {
  const texts = directives.map(({ name, seconds }) => {
    if (seconds === undefined) return hand === 1 ? name.toUpperCase() : name;
    return hand === 2 ? `${name}="${seconds}"` : `${name}=${seconds}`;
  });
  return texts.join(hand === 0 ? ',' : ' ,  ');
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The three formats of RFC 9110 section 5.6.7. */
function writeDate(seconds: number, hand: number): string {
  const date = new Date(seconds * 1_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = String(DAYS[date.getUTCDay()]);
  const month = String(MONTHS[date.getUTCMonth()]);
  const year = String(date.getUTCFullYear());
  const number = date.getUTCDate();
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':');
  if (hand === 0) return `${day.slice(0, 3)}, ${two(number)} ${month} ${year} ${time} GMT`;
  if (hand === 1) return `${day}, ${two(number)}-${month}-${year.slice(2)} ${time} GMT`;
  return `${day.slice(0, 3)} ${month} ${String(number).padStart(2, ' ')} ${time} ${year}`;
}
