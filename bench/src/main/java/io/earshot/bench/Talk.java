package io.earshot.bench;

/**
 * What is said, and how fast.
 *
 * <p>Immutable.
 *
 * @param size bytes of one message's text, of which the first 18 are the marker
 * @param window closed loop: so many messages of a room are under way at once; 0 if there is a rate
 * @param rate open loop: messages a second in all rooms together; 0 if there is a window
 * @param warm seconds before it counts
 * @param seconds seconds that count
 */
record Talk(int size, int window, double rate, double warm, double seconds) {
  Talk {
    if (size < Markers.LENGTH) {
      throw new IllegalArgumentException(
          "a message has " + Markers.LENGTH + " bytes or more, not " + size);
    }
    if (window > 0 == rate > 0) {
      throw new IllegalArgumentException("either a window or a rate");
    }
  }

  static Talk closed(int size, int window) {
    return new Talk(size, window, 0, 1, 4);
  }

  static Talk open(int size, double rate) {
    return new Talk(size, 0, rate, 1, 4);
  }

  Talk lasting(double otherWarm, double otherSeconds) {
    return new Talk(size, window, rate, otherWarm, otherSeconds);
  }
}
