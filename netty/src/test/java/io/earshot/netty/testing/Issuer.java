package io.earshot.netty.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.earshot.protocol.Json;
import io.earshot.token.TokenKeys;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPublicKey;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** An identity provider: it signs tokens, publishes its keys, and misbehaves as it is told to. */
public final class Issuer implements Closeable {
  /** How the address of the keys answers. */
  public enum Mood {
    /** With the keys. */
    WELL,
    /** Never. */
    HANGS,
    /** With the status 500, and the keys. */
    FAILS,
    /** With the keys, and 10 MB of spaces after them. */
    FLOODS,
    /** With a byte in a while, without an end. */
    DRIPS,
    /** With a text that is no key set. */
    TALKS
  }

  public volatile Mood mood = Mood.WELL;
  public final AtomicInteger asked = new AtomicInteger();
  private final Path folder;
  private final HttpServer http;
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile String keys = "{\"keys\":[]}";
  private volatile TokenKeys signer;

  /** An issuer whose only key has an id. */
  public Issuer(Path folder, String keyId) {
    this.folder = folder;
    try {
      http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    signer = changeKey(keyId);
    http.createContext("/keys", this::answer);
    http.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    http.start();
  }

  public String address() {
    return "http://127.0.0.1:" + http.getAddress().getPort() + "/keys";
  }

  /** Signs with a new key from now on, and publishes this key alone. */
  public TokenKeys changeKey(String id) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(256);
      KeyPair pair = generator.generateKeyPair();
      Path file = folder.resolve(id + ".pem");
      Files.writeString(file, pem("PRIVATE", pair.getPrivate()) + pem("PUBLIC", pair.getPublic()));
      var point = ((ECPublicKey) pair.getPublic()).getW();
      keys =
          "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"},{\"kty\":\"EC\",\"crv\":\"P-256\",\"use\":\"sig\",\"kid\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"}]}"
              .formatted(id, coordinate(point.getAffineX()), coordinate(point.getAffineY()));
      signer = new TokenKeys(List.of(id + " ES256 " + file), "");
      return signer;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String pem(String kind, Key key) {
    return "-----BEGIN "
        + kind
        + " KEY-----\n"
        + Base64.getMimeEncoder().encodeToString(key.getEncoded())
        + "\n-----END "
        + kind
        + " KEY-----\n";
  }

  private static String coordinate(BigInteger number) {
    byte[] bytes = number.toByteArray();
    byte[] all = new byte[32];
    int length = Math.min(32, bytes.length);
    System.arraycopy(bytes, bytes.length - length, all, 32 - length, length);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(all);
  }

  /** A token that is valid for an hour. */
  public String token(String user) {
    return signer.sign(
        Map.of("sub", user, "exp", System.currentTimeMillis() / 1000 + 3600, "iss", "local"));
  }

  private void answer(HttpExchange exchange) throws IOException {
    asked.incrementAndGet();
    try (exchange) {
      switch (mood) {
        case WELL -> send(exchange, 200, keys.getBytes(StandardCharsets.UTF_8));
        case TALKS -> send(exchange, 200, Json.of("no keys today").encode());
        case FAILS -> send(exchange, 500, keys.getBytes(StandardCharsets.UTF_8));
        case FLOODS -> {
          byte[] much = (keys + " ".repeat(10 << 20)).getBytes(StandardCharsets.UTF_8);
          send(exchange, 200, much);
        }
        case HANGS -> closed.await();
        case DRIPS -> {
          exchange.sendResponseHeaders(200, 0);
          for (OutputStream out = exchange.getResponseBody(); ; out.flush()) {
            out.write(' ');
            if (closed.await(50, TimeUnit.MILLISECONDS)) {
              return;
            }
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    closed.countDown();
    http.stop(0);
  }
}
