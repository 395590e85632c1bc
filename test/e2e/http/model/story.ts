import type { Played } from './record.js';

/** What happened in a program, in order, for whoever has to find out why it went wrong. */
export function storyOf({ asks, runs, invalidations, drift }: Played): string {
  const lines: [moment: number, line: string][] = [];
  for (const { id, sent, answered, at, action, request, sentHeaders, reply } of asks) {
    const { method, url } = request;
    lines.push([
      sent,
      `at ${at} request ${id}: ${method} ${url} to ${action.app}, ${JSON.stringify(sentHeaders)}`,
    ]);
    const { status, headers, text } = reply;
    lines.push([answered, `answer to ${id}: ${status} ${JSON.stringify(headers)} ${JSON.stringify(text)}`]);
  }
  for (const { id, ask, began, ended, status, asked, headers, background, failed } of runs) {
    const how = `${background ? ' in the background' : ''}${asked === undefined ? '' : `, asked by ${asked}`}`;
    lines.push([began, `run ${id} of ${ask.id}${how}`]);
    const said = JSON.stringify(Object.fromEntries(headers));
    lines.push([ended, `run ${id} answers ${status}${failed ? ' (fails)' : ''} ${said}`]);
  }
  for (const { id, began, done } of invalidations) {
    lines.push([began, `invalidation of ${id ?? 'all'}`], [done, `invalidation of ${id ?? 'all'} is done`]);
  }
  const told = lines.toSorted(([one], [other]) => one - other).map(([moment, line]) => `${moment} ${line}`);
  return [...told, `drift: ${Math.round(drift)} ms`].join('\n');
}
