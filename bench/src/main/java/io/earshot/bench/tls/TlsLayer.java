package io.earshot.bench.tls;

import java.nio.ByteBuffer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The TLS layer of one client's connection.
 *
 * <p>Owned by the generator's thread.
 */
public final class TlsLayer {
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  /** The client above a layer. The buffers are valid only during the call. */
  public interface Owner {
    /** Sends encrypted bytes, now or later. */
    void sendSealed(ByteBuffer bytes);

    /** The handshake is done. */
    void secured();

    /** Bytes were decrypted. */
    void received(ByteBuffer plain);

    /** The server has closed TLS; no more bytes will arrive. */
    void ended();
  }

  private final TlsClients clients;
  private final SSLEngine engine;
  private final Owner owner;
  private boolean secured;

  /** The part of a record that has arrived; null if there is none. */
  private @Nullable ByteBuffer partial;

  public TlsLayer(TlsClients clients, @Nullable String session, Owner owner) {
    this.clients = clients;
    this.engine = clients.engine(session);
    this.owner = owner;
  }

  /** Begins the handshake. */
  public void start() throws SSLException {
    engine.beginHandshake();
    proceed(engine.getHandshakeStatus());
  }

  /** Encrypts and sends all of a buffer. */
  public void seal(ByteBuffer plain) throws SSLException {
    while (plain.hasRemaining()) {
      SSLEngineResult result = wrap(plain);
      if (result.getStatus() == Status.CLOSED) {
        throw new SSLException("TLS is closed");
      }
    }
  }

  /** Decrypts all complete records of a buffer, and keeps the rest for the next call. */
  public void unseal(ByteBuffer in) throws SSLException {
    ByteBuffer wire = in;
    ByteBuffer kept = partial;
    if (kept != null) {
      wire = clients.joined.clear().put(kept).put(in).flip();
      partial = null;
    }
    while (wire.hasRemaining()) {
      ByteBuffer plain = clients.plain.clear();
      SSLEngineResult result = engine.unwrap(wire, plain);
      if (result.getStatus() == Status.BUFFER_UNDERFLOW) {
        partial = ByteBuffer.allocate(wire.remaining()).put(wire).flip();
        return;
      }
      if (plain.position() > 0) {
        owner.received(plain.flip());
      }
      if (result.getStatus() == Status.CLOSED) {
        owner.ended();
        return;
      }
      proceed(result.getHandshakeStatus());
    }
  }

  /** Sends the close_notify alert. Bytes of the server can still arrive. */
  void close() throws SSLException {
    engine.closeOutbound();
    while (!engine.isOutboundDone()) {
      wrap(NOTHING);
    }
  }

  private void proceed(HandshakeStatus from) throws SSLException {
    HandshakeStatus status = from;
    while (true) {
      switch (status) {
        case NEED_TASK -> {
          for (Runnable task = engine.getDelegatedTask();
              task != null;
              task = engine.getDelegatedTask()) {
            task.run();
          }
          status = engine.getHandshakeStatus();
        }
        case NEED_WRAP -> status = wrap(NOTHING).getHandshakeStatus();
        case FINISHED -> {
          // A session ticket that arrives later ends with this status too.
          if (!secured) {
            secured = true;
            owner.secured();
          }
          return;
        }
        case NEED_UNWRAP, NEED_UNWRAP_AGAIN, NOT_HANDSHAKING -> {
          return;
        }
      }
    }
  }

  private SSLEngineResult wrap(ByteBuffer plain) throws SSLException {
    ByteBuffer sealed = clients.sealed.clear();
    SSLEngineResult result = engine.wrap(plain, sealed);
    if (sealed.position() > 0) {
      owner.sendSealed(sealed.flip());
    }
    return result;
  }
}
