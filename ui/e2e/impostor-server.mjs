// A program of another user on the port of the console. Prints each request and message that it
// receives as a line of JSON. Arguments: the port, and what it answers to the first message of a
// page: `lie` with a made-up proof, or `wait` with nothing.
import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'

const [, port, behaviour] = process.argv
const print = (line) => console.log(JSON.stringify(line))
const secret = () => randomBytes(32).toString('base64url')

/** Sends a text message of less than 64 KiB. */
function send(socket, message) {
  const text = Buffer.from(JSON.stringify(message))
  const length = text.length < 126 ? [text.length] : [126, text.length >> 8, text.length & 255]
  socket.write(Buffer.concat([Buffer.from([0x81, ...length]), text]))
}

/** Returns the text of a whole, masked frame, or null if it is no text. */
function text(frame) {
  if ((frame[0] & 15) !== 1) return null
  const start = (frame[1] & 127) === 126 ? 4 : 2
  const mask = frame.subarray(start, start + 4)
  return Buffer.from(frame.subarray(start + 4).map((byte, index) => byte ^ mask[index % 4])).toString()
}

const server = createServer((request, response) => {
  print({ request: `${request.method} ${request.url}`, headers: request.headers })
  response.end('<title>Binnacle</title>')
})
server.on('upgrade', (request, socket) => {
  print({ request: `${request.method} ${request.url}`, headers: request.headers })
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  socket.on('error', () => undefined)
  socket.on('data', (frame) => {
    const message = text(frame)
    if (message === null) return
    print({ message: JSON.parse(message) })
    if (behaviour === 'lie') send(socket, { challenge: { nonce: secret(), proof: secret() } })
  })
})
server.listen(Number(port), '127.0.0.1', () => print({ listening: process.getuid() }))
