// What a page's encoders make, kept as hashes before it is sent: an encoded transform (W3C "WebRTC Encoded Transform").

/** Runs in a worker of the page, by its source. It answers every message with what it has kept so far. */
export function recorder() {
  const kept = { video: [], audio: [] };

  /** The NAL units of a byte stream (H.264, Annex B) as MP4 has them: with their lengths, and without what stands in the configuration there. */
  function sample(bytes) {
    const starts = [];
    for (let i = 0; i + 3 <= bytes.length; i++) {
      if (bytes[i] === 0 && bytes[i + 1] === 0 && bytes[i + 2] === 1) starts.push(i + 3);
    }
    const parts = starts.map((start, n) => {
      let end = n + 1 < starts.length ? starts[n + 1] - 3 : bytes.length;
      while (end > start && bytes[end - 1] === 0) end--;
      return bytes.subarray(start, end);
    }).filter((unit) => ![7, 8, 9].includes(unit[0] & 31)); // SPS, PPS, delimiter
    const all = new Uint8Array(parts.reduce((sum, unit) => sum + 4 + unit.length, 0));
    let at = 0;
    for (const unit of parts) {
      new DataView(all.buffer).setUint32(at, unit.length);
      all.set(unit, at + 4);
      at += 4 + unit.length;
    }
    return all;
  }

  self.onrtctransform = ({ transformer }) => {
    const { kind } = transformer.options;
    transformer.readable.pipeThrough(new TransformStream({
      async transform(frame, controller) {
        const bytes = new Uint8Array(frame.data.slice(0));
        const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', kind === 'video' ? sample(bytes) : bytes));
        kept[kind].push({ hash: [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join(''), time: frame.getMetadata().rtpTimestamp ?? frame.timestamp });
        controller.enqueue(frame);
      },
    })).pipeTo(transformer.writable);
  };
  self.onmessage = () => self.postMessage(kept);
}
