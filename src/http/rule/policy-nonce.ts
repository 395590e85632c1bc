import type { HeaderFields } from './header-fields.js';

/** Fields that name the nonces of a response, by which a browser knows the scripts that the server wrote. */
const FIELDS = ['content-security-policy', 'content-security-policy-report-only'];
const NONCE = /'nonce-([\w+/-]+)=*'/gi;

/**
 * Why a response with nonces must not be stored; `undefined` when it has none of its own. A nonce is good for one response: who
 * can read it in one could have scripts of his own run in others. `added` are the fields that the handler set, `fields` all.
 */
export function refuseNonce(
  fields: HeaderFields,
  added: HeaderFields,
  body: Buffer | null,
): string | undefined {
  if (noncesIn(added).length > 0) return 'its handler set the nonce of Content-Security-Policy';
  // Without the signs at its end, which templates may write in another way.
  const held = body !== null && noncesIn(fields).some((nonce) => body.includes(nonce));
  return held ? 'its body holds the nonce of Content-Security-Policy' : undefined;
}

function noncesIn(fields: HeaderFields): string[] {
  const policies = FIELDS.flatMap((name) => fields.get(name) ?? []);
  return policies.flatMap((policy) => [...policy.matchAll(NONCE)].map(([, nonce]) => String(nonce)));
}
