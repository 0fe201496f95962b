// Asks the providers: one keep-alive pool, bodies parsed once.
import { Pool } from 'undici'

const pool = new Pool(process.env.UPSTREAM, { connections: 256, pipelining: 1 })

async function ask(path, method = 'GET', body = null) {
  const headers = body === null ? undefined : { 'content-type': 'application/json' }
  const answer = await pool.request({ path, method, headers, body })
  return answer.body.json()
}

const LIST = 'get.available_virtual_numbers'

export const Query = {
  eightByEight: (_, { pool: name }) => ask(`/8x8/api/v1/subaccounts/${name}/numbers`),
  webex: (_, { start, max }) =>
    ask(`/webex/v1/telephony/config/locations/DAL/queues/availableNumbers?max=${max}&start=${start}`),
  cloudlx: (_, { page, size }) => ask(`/cloudlx/api/numbers?max_per_page=${size}&page=${page}`),
  callgear: (_, { offset, limit }) =>
    ask('/callgear/v2.0', 'POST', JSON.stringify({
      jsonrpc: '2.0', id: LIST, method: LIST, params: { access_token: 'bench', offset, limit }
    })),
  check: (_, { pool: name, number }) => ask(`/8x8/api/v1/subaccounts/${name}/numbers/${number}`)
}
