// Sends one typed document over HTTP, and returns what came back with the types of both.
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import type { ReasonCode } from './schema.js';

export interface NullEntry {
  readonly coordinate: string;
  readonly code: ReasonCode;
  readonly message: string;
  readonly paths: readonly (readonly (string | number)[])[];
}

export interface Answered<Result> {
  readonly data: Result;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: ReasonCode } }[];
  readonly extensions?: { readonly withheld?: readonly NullEntry[]; readonly absent?: readonly NullEntry[] };
}

export async function ask<Result, Variables>(
  url: string,
  token: string,
  document: TypedDocumentNode<Result, Variables>,
  variables: Variables,
): Promise<Answered<Result>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: print(document), variables }),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answered<Result>;
}
