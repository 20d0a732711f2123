// CRC-64/XZ of a stream, in two halves of 32 bits: BigInt is far too slow for bytes.

const POLYNOMIAL_HIGH = 0xc96c5795, POLYNOMIAL_LOW = 0xd7870f42;  // reflected ECMA-182
const PIECE = 1 << 20;

const tableHigh = new Uint32Array(256), tableLow = new Uint32Array(256);
for (let index = 0; index < 256; index++) {
  let high = 0, low = index;
  for (let bit = 0; bit < 8; bit++) {
    const odd = low & 1;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (odd) {
      low ^= POLYNOMIAL_LOW;
      high ^= POLYNOMIAL_HIGH;
    }
  }
  tableHigh[index] = high;
  tableLow[index] = low;
}

export class Crc64 {
  #high = -1;
  #low = -1;

  add(bytes) {
    let high = this.#high, low = this.#low;
    for (let i = 0; i < bytes.length; i++) {
      const index = (low ^ bytes[i]) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ tableLow[index];
      high = (high >>> 8) ^ tableHigh[index];
    }
    this.#high = high;
    this.#low = low;
  }

  // Piece by piece, so that the page stays alive and memory small.
  async addBlob(blob) {
    for (let at = 0; at < blob.size; at += PIECE) {
      this.add(new Uint8Array(await blob.slice(at, at + PIECE).arrayBuffer()));
    }
  }

  // As the wire has it: an unsigned decimal.
  toString() {
    return String((BigInt(~this.#high >>> 0) << 32n) | BigInt(~this.#low >>> 0));
  }
}
