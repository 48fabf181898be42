// A front end for debt collection: accounts with what is owed, and a field that is withheld.
import { ask } from './ask.js';
import { DebtCollectionDocument, type AccountStatus } from './client.js';
import type { ReasonCode } from './schema.js';

declare const process: { readonly argv: readonly string[] };

const [url = '', token = ''] = process.argv.slice(2);
const found = await ask(url, token, DebtCollectionDocument, { by: { billing: 'ada' } });
const accounts = found.data.customer?.accounts ?? [];
const statuses: (AccountStatus | null)[] = accounts.map((account) => account.status);
const amounts: (string | undefined)[] = accounts.map((account) => account.balance?.amount);
const held = await ask(url, token, DebtCollectionDocument, { by: { id: 'SUBJECT_RESTRICTED@Customer.accounts' } });
const codes: ReasonCode[] = (held.extensions?.withheld ?? []).map((entry) => entry.code);
console.log(JSON.stringify({ name: found.data.customer?.name?.display, statuses, amounts, codes }));
