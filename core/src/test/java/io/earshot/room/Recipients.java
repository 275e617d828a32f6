package io.earshot.room;

import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.util.stream.Stream;

/**
 * A sender in the default room, and clients that receive its messages, each in another way, or do
 * not.
 *
 * @param member is in the room, and has another wire than the sender
 * @param listener listens to the room from another one
 * @param both is in the room and listens to it
 * @param outsider is in another room
 */
record Recipients(Guest sender, Guest member, Guest listener, Guest both, Guest outsider) {

  /** Connects them to a server; they have read everything. */
  static Recipients in(TestServer server) {
    Guest sender = server.guest();
    Guest member = server.guest(0, TestServer.Lines.TWO);
    Guest listener = server.guest();
    listener.ask("roomChange attic");
    listener.ask("listenToRoom defaultRoom");
    Guest both = server.guest();
    both.ask("listenToRoom defaultRoom");
    Guest outsider = server.guest();
    outsider.ask("roomChange cellar");
    Stream.of(sender, member, listener, both, outsider).forEach(Guest::hear);
    return new Recipients(sender, member, listener, both, outsider);
  }
}
