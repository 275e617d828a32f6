package io.earshot.server;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;

/**
 * Tells systemd when the server listens and when it stops, for units with {@code Type=notify}: a
 * datagram to the Unix socket that the variable {@code NOTIFY_SOCKET} names. The JDK has no such
 * sockets, so this calls the C library. Without the variable nothing happens.
 *
 * <p>Immutable.
 *
 * @param socket the address of the socket; empty if no service manager waits
 */
record ServiceManager(String socket) {
  // Of Linux; service managers that set the variable run nowhere else.
  private static final short AF_UNIX = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MAX_PATH = 108;

  static ServiceManager of(Map<String, String> environment) {
    return new ServiceManager(environment.getOrDefault("NOTIFY_SOCKET", ""));
  }

  /** The ports are open. */
  void ready() {
    tell("READY=1\n");
  }

  /**
   * The server has begun to stop.
   *
   * @param most how long that may take at most, which may be longer than the unit's time limit
   */
  void stopping(Duration most) {
    tell("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + most.toMillis() * 1000 + "\n");
  }

  private void tell(String state) {
    if (socket.isEmpty()) {
      return;
    }
    try {
      send(state.getBytes(StandardCharsets.UTF_8));
    } catch (Throwable e) { // what a method handle declares
      System.getLogger(ServiceManager.class.getName())
          .log(Level.WARNING, "NOTIFY_SOCKET={0}: systemd was not told: {1}", socket, e.toString());
    }
  }

  private void send(byte[] state) throws Throwable {
    byte[] name = socket.getBytes(StandardCharsets.UTF_8);
    if (name.length >= MAX_PATH) {
      throw new IllegalArgumentException("the name is too long for a Unix socket");
    }
    if (name[0] == '@') {
      name[0] = 0; // a name that is no file
    }
    MethodHandle open =
        function("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    MethodHandle send =
        function(
            "sendto",
            FunctionDescriptor.of(
                JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));
    MethodHandle close = function("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    int descriptor = (int) open.invokeExact((int) AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
      throw new IllegalStateException("socket() fails");
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address =
          arena.allocate(
              MemoryLayout.structLayout(
                  JAVA_SHORT, MemoryLayout.sequenceLayout(MAX_PATH, JAVA_BYTE)));
      address.set(JAVA_SHORT, 0, AF_UNIX);
      MemorySegment.copy(name, 0, address, JAVA_BYTE, Short.BYTES, name.length);
      MemorySegment message = arena.allocateFrom(JAVA_BYTE, state);
      long sent =
          (long)
              send.invokeExact(
                  descriptor,
                  message,
                  message.byteSize(),
                  MSG_NOSIGNAL,
                  address,
                  Short.BYTES + name.length);
      if (sent != state.length) {
        throw new IllegalStateException("nobody receives there");
      }
    } finally {
      int _ = (int) close.invokeExact(descriptor);
    }
  }

  @SuppressWarnings("restricted") // the launchers permit native access
  private static MethodHandle function(String name, FunctionDescriptor form) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), form);
  }
}
