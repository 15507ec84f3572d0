/**
 * Source buffers for Shaka Player in HLS. It places each part by the difference of playlist and media, and resets the source buffer where that has moved by
 * 1 ms, as it has by rounding: what does not begin with a key frame is dropped then (5.2.12, its issue 10589). In sequence, the other way that it has, it
 * loses its place: pictures come seconds after their sound. So a source buffer is reset where the offset really changes.
 */

/** What the playlist's rounding may make of an offset, and less than anybody sees or hears, seconds. */
const rounding = 0.02;

/** @param {SourceBuffer} buffer */
function steady(buffer) {
  const { get, set } = Object.getOwnPropertyDescriptor(SourceBuffer.prototype, 'timestampOffset');
  let reset = false; // is asked for, and not done yet

  /** Shaka expects that the append window stays. */
  function settle() {
    if (!reset) return;
    reset = false;
    const { appendWindowStart, appendWindowEnd } = buffer;
    SourceBuffer.prototype.abort.call(buffer);
    buffer.appendWindowEnd = appendWindowEnd;
    buffer.appendWindowStart = appendWindowStart;
  }

  Object.defineProperty(buffer, 'timestampOffset', {
    get: () => get.call(buffer),
    set(to) {
      if (Math.abs(to - get.call(buffer)) < rounding) {
        reset = false;
        return;
      }
      settle();
      set.call(buffer, to);
    },
  });
  buffer.abort = () => {
    reset = true;
    if (buffer.updating) settle();
  };
  for (const name of ['appendBuffer', 'remove', 'changeType']) {
    buffer[name] = (...args) => {
      settle();
      return SourceBuffer.prototype[name].apply(buffer, args);
    };
  }
  return buffer;
}

/** Lets the page make such source buffers until the function that it gives is called. */
export function steadySourceBuffers() {
  const add = MediaSource.prototype.addSourceBuffer;
  const ours = function (/** @type {string} */ type) {
    return steady(add.call(this, type));
  };
  MediaSource.prototype.addSourceBuffer = ours;
  return () => {
    if (MediaSource.prototype.addSourceBuffer === ours) MediaSource.prototype.addSourceBuffer = add;
  };
}
