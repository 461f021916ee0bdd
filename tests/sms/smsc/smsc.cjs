// A message centre on loopback, from the npm package `smpp`. It reads commands (one JSON object a line) and writes events.
// First line out: {"port": n}. A bind with the password "right" is accepted.

const { createRequire } = require('node:module')
const path = require('node:path')
const readline = require('node:readline')

const smpp = createRequire(path.resolve(__dirname, '../../../web/package.json'))('smpp')

const sessions = new Set()
const held = []
let statuses = []
let holding = false
let mute = false
let number = 0

const tell = (event) => process.stdout.write(JSON.stringify(event) + '\n')

function answer(session, pdu) {
  const status = statuses.shift() ?? 0
  if (status !== 0) return session.send(pdu.response({ command_status: status }))
  number += 1
  session.send(pdu.response({ message_id: (0xa0 + number).toString(16) }))
}

function submitted(session, pdu) {
  const { message, udh } = pdu.short_message
  tell({
    event: 'submit',
    to: pdu.destination_addr,
    from: pdu.source_addr,
    ton: [pdu.source_addr_ton, pdu.dest_addr_ton],
    coding: pdu.data_coding,
    esm: pdu.esm_class,
    registered: pdu.registered_delivery,
    text: Buffer.isBuffer(message) ? message.toString('hex') : message,
    udh: udh === undefined ? [] : udh.map((part) => part.toString('hex')),
  })
  if (holding) held.push([session, pdu])
  else answer(session, pdu)
}

const server = smpp.createServer((session) => {
  sessions.add(session)
  session.on('bind_transceiver', (pdu) => {
    tell({ event: 'bind', id: pdu.system_id, version: pdu.interface_version })
    session.send(pdu.response({ command_status: pdu.password === 'right' ? 0 : 0x0e, system_id: 'smsc' }))
  })
  session.on('submit_sm', (pdu) => submitted(session, pdu))
  session.on('enquire_link', (pdu) => {
    tell({ event: 'enquire' })
    if (!mute) session.send(pdu.response())
  })
  session.on('unbind', (pdu) => {
    tell({ event: 'unbind' })
    session.send(pdu.response())
  })
  session.on('deliver_sm_resp', (pdu) => tell({ event: 'delivered', status: pdu.command_status }))
  session.on('error', () => session.destroy())
  session.on('close', () => {
    sessions.delete(session)
    tell({ event: 'close' })
  })
})

const commands = {
  answer: ({ values }) => { statuses = values },
  hold: () => { holding = true },
  release: () => {
    holding = false
    for (const [session, pdu] of held.splice(0)) answer(session, pdu)
  },
  mute: () => { mute = true },
  cut: () => { for (const session of sessions) session.destroy() },
  raw: ({ hex }) => { for (const session of sessions) session.socket.write(Buffer.from(hex, 'hex')) },
  deliver: ({ fields }) => { for (const session of sessions) session.deliver_sm(fields) },
  enquire: () => { for (const session of sessions) session.enquire_link({}, () => tell({ event: 'alive' })) },
  unbind: () => { for (const session of sessions) session.unbind() },
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line)
  commands[command.do](command)
  tell({ event: 'done' })
}).on('close', () => process.exit(0))

server.on('error', () => {})
server.listen(0, '127.0.0.1', () => tell({ port: server.address().port }))
