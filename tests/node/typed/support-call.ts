// A front end for support calls: whom one speaks to, and a source that does not answer.
import { ask } from './ask.js';
import { SupportCallDocument, type Segment } from './client.js';
import type { ReasonCode } from './schema.js';

declare const process: { readonly argv: readonly string[] };

const [url = '', token = ''] = process.argv.slice(2);
const found = await ask(url, token, SupportCallDocument, { by: { crm: 'ada' } });
const segment: Segment | null | undefined = found.data.customer?.segment;
const failed = await ask(url, token, SupportCallDocument, { by: { crm: 'SOURCE_TIMEOUT@Customer.company' } });
const codes: ReasonCode[] = (failed.errors ?? []).map((error) => error.extensions.code);
console.log(JSON.stringify({ name: found.data.customer?.name?.display, segment, codes }));
