// The real CipherStash client, driven line by line.
//
// Commands come on standard input as JSON, one a line, and each is answered by one line:
//
//   {"op": "open", "client": NAME, "crn": .., "accessKey": .., "clientId": .., "clientKey": ..,
//    "keyset": {"Uuid": ..} | {"Name": ..} | null}            -> {}
//   {"op": "encrypt", "client": NAME, "text": ..}             -> {"payload": .., "term": ..}
//   {"op": "decrypt", "client": NAME, "payload": ..}          -> {"text": ..}
//   {"op": "ensureKeyset", "crn": .., "accessKey": .., "clientId": .., "clientKey": ..,
//    "name": ..}                                              -> {"keyset": {"id": .., "name": ..}}
//   {"op": "close", "client": NAME}                           -> {}
//
// Anything that fails is answered with {"error": .., "code": ..}. Commands are worked off in
// order. "term" is the search term of an equality index: equal texts have equal terms.
// CS_CTS_HOST says where the service is, HOME and CS_CONFIG_PATH where no profile may be found.
import { createInterface } from 'node:readline'
import { decrypt, encrypt, ensureKeyset, newClient } from '@cipherstash/protect-ffi'

const COLUMN = { table: 'users', column: 'email' }
const CONFIG = {
  v: 1,
  tables: { users: { email: { cast_as: 'text', indexes: { unique: {} } } } },
}
const clients = new Map()

function credentials({ crn, accessKey, clientId, clientKey }) {
  return { workspaceCrn: crn, accessKey, clientId, clientKey }
}

function opened({ client }) {
  if (!clients.has(client)) throw new Error(`no client ${client} is open`)
  return clients.get(client)
}

const OPERATIONS = {
  async open(command) {
    const clientOpts = credentials(command)
    if (command.keyset) clientOpts.keyset = command.keyset
    clients.set(command.client, await newClient({ encryptConfig: CONFIG, clientOpts }))
    return {}
  },
  async encrypt(command) {
    const payload = await encrypt(opened(command), { plaintext: command.text, ...COLUMN })
    return { payload, term: payload.hm }
  },
  async decrypt(command) {
    return { text: await decrypt(opened(command), { ciphertext: command.payload }) }
  },
  async ensureKeyset(command) {
    return { keyset: await ensureKeyset({ ...credentials(command), name: command.name }) }
  },
  async close(command) {
    clients.delete(command.client)
    return {}
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  let answer
  try {
    answer = await OPERATIONS[command.op](command)
  } catch (error) {
    answer = { error: String(error.message ?? error), code: error.code ?? null }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
