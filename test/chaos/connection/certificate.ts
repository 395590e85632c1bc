import { generateKeyPairSync, sign } from 'node:crypto';

/** A certificate that is its own authority, for one DNS name, and its key; both PEM. */
export function selfSignedCertificate(name: string): { cert: string; key: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const subject = sequence(set(sequence(oid(2, 5, 4, 3), node(0x0c, Buffer.from(name)))));
  const ecdsaWithSha256 = sequence(oid(1, 2, 840, 10_045, 4, 3, 2));
  const year = 365 * 24 * 3_600_000;
  const body = sequence(
    node(0xa0, integer(2)),
    integer(1),
    ecdsaWithSha256,
    subject,
    sequence(time(Date.now() - year), time(Date.now() + year)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    node(
      0xa3,
      sequence(
        extension(oid(2, 5, 29, 19), sequence(node(0x01, Buffer.from([0xff])))),
        extension(oid(2, 5, 29, 17), sequence(node(0x82, Buffer.from(name)))),
      ),
    ),
  );
  const signature = sign('sha256', body, privateKey);
  const der = sequence(body, ecdsaWithSha256, bits(signature));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

/** A node of DER, the encoding of X.509. */
function node(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

function sequence(...content: Buffer[]): Buffer {
  return node(0x30, ...content);
}

function set(...content: Buffer[]): Buffer {
  return node(0x31, ...content);
}

function integer(value: number): Buffer {
  return node(0x02, Buffer.from([value]));
}

function bits(value: Buffer): Buffer {
  return node(0x03, Buffer.from([0]), value);
}

function time(at: number): Buffer {
  return node(0x18, Buffer.from(new Date(at).toISOString().replace(/\.\d+|[-:T]/g, '')));
}

function extension(id: Buffer, value: Buffer): Buffer {
  return sequence(id, node(0x04, value));
}

function oid(first: number, second: number, ...rest: number[]): Buffer {
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const groups = [part & 0x7f];
    for (let left = part >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return node(0x06, Buffer.from(bytes));
}
