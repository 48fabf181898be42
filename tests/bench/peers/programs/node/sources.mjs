// The three sources for gateways on Node, by lists of customers. UPSTREAM is where they are.
//
//   HTTP=fetch (default)   Node's own fetch
//   HTTP=undici            undici.request with an Agent that keeps connections
//   BATCHING=0             one call for each customer, as a source wants that takes one key
//
// `fields`, where a gateway gives it, lists the source's own fields to answer with; the key is asked for too.
const BASE = process.env.UPSTREAM
const BATCHING = process.env.BATCHING !== '0'

const getJSON = await chosenClient()

async function chosenClient() {
  if (process.env.HTTP !== 'undici') {
    return async (path) => {
      const response = await fetch(BASE + path)
      if (!response.ok) throw new Error(`status ${response.status}`)
      return response.json()
    }
  }
  const { Agent, request } = await import('undici')
  const dispatcher = new Agent({ connections: 1024, keepAliveTimeout: 60_000 })
  return async (path) => {
    const { statusCode, body } = await request(BASE + path, { dispatcher })
    const answered = await body.json()
    if (statusCode !== 200) throw new Error(`status ${statusCode}`)
    return answered
  }
}

const inOrder = (rows, key, ids) => {
  const found = new Map(rows.map((row) => [row[key], row]))
  return ids.map((id) => found.get(id) ?? null)
}

const source = (path, owner, key) => async (ids, fields) => {
  const projected = fields ? `fields=${key},${fields}` : ''
  if (!BATCHING) {
    const single = projected ? `?${projected}` : ''
    return Promise.all(ids.map((id) => getJSON(`${path}/${id}${single}`)))
  }
  const rows = await getJSON(`${path}?${owner}=${ids.join(',')}${projected ? `&${projected}` : ''}`)
  return inOrder(rows, key, ids)
}

export const crm = source('/crm/customers', 'ids', 'id')
export const billing = source('/billing/accounts', 'customer_ids', 'customerId')
export const support = source('/support/tickets', 'customer_ids', 'customerId')
