// The peer of test_security_interop.py: what FDC3's JavaScript reference does with `jose` and canonical JSON.
// Reads one JSON task from standard input and writes its answer.
import * as jose from 'jose';
import { canonicalize } from 'json-canonicalize';
import { readFileSync } from 'node:fs';

const task = JSON.parse(readFileSync(0, 'utf8'));
const bytes = value => new TextEncoder().encode(value);
const text = value => new TextDecoder().decode(value);

const tasks = {
  canonical: ({ values }) => values.map(value => canonicalize(value)),
  async sign({ context, antiReplay, key, alg, jku, iat }) {
    const compact = await new jose.CompactSign(bytes(canonicalize({ context, antiReplay })))
      .setProtectedHeader({ alg, jku, iat, kid: key.kid })
      .sign(await jose.importJWK(key, alg));
    const [header, , signature] = compact.split('.');
    return { protected: header, signature };
  },
  async verify({ context, antiReplay, signature, keys }) {
    const payload = jose.base64url.encode(canonicalize({ context, antiReplay }));
    const compact = `${signature.protected}.${payload}.${signature.signature}`;
    const result = await jose.compactVerify(compact, jose.createLocalJWKSet(keys));
    return result.protectedHeader;
  },
  async encrypt({ context, key }) {
    return new jose.CompactEncrypt(bytes(JSON.stringify(context)))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .encrypt(await jose.importJWK(key, 'A256GCM'));
  },
  async decrypt({ payload, key }) {
    return JSON.parse(text((await jose.compactDecrypt(payload, await jose.importJWK(key, 'A256GCM'))).plaintext));
  },
  async wrap({ secret, key }) {
    return new jose.CompactEncrypt(bytes(canonicalize(secret)))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
      .encrypt(await jose.importJWK(key, 'RSA-OAEP-256'));
  },
  async unwrap({ wrapped, key }) {
    return JSON.parse(text((await jose.compactDecrypt(wrapped, await jose.importJWK(key, 'RSA-OAEP-256'))).plaintext));
  },
};

process.stdout.write(JSON.stringify(await tasks[task.task](task)));
