package io.earshot.examples;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Date;
import java.util.Locale;
import java.util.Map;

/** The server of an application: it knows passwords, gives out tokens, and publishes its key. */
public final class TokenServer {
  private static final Map<String, String> PASSWORDS = Map.of("ada", "lovelace", "bob", "builder");

  private final ECKey key = new ECKeyGenerator(Curve.P_256).keyIDFromThumbprint(true).generate();

  private TokenServer() throws JOSEException {}

  public static void main(String... args) throws IOException, JOSEException {
    start(3000);
  }

  static HttpServer start(int port) throws IOException, JOSEException {
    var server = new TokenServer();
    var at = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    HttpServer http = HttpServer.create(at, 0);
    http.createContext("/login", server::login);
    http.createContext("/jwks.json", e -> send(e, 200, new JWKSet(server.key).toString(true)));
    http.start();
    return http;
  }

  /** Answers {@code POST /login} with the body {@code NAME PASSWORD}. */
  private void login(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    String[] words = new String(body, StandardCharsets.UTF_8).split(" ", 2);
    boolean isKnown = words.length == 2 && words[1].equals(PASSWORDS.get(words[0]));
    try {
      send(exchange, isKnown ? 200 : 401, isKnown ? token(words[0]) : "no");
    } catch (JOSEException e) {
      send(exchange, 500, "no");
    }
  }

  private String token(String name) throws JOSEException {
    var claims =
        new JWTClaimsSet.Builder()
            .subject(name)
            .claim("name", name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1))
            .issuer("my-app")
            .expirationTime(Date.from(Instant.now().plusSeconds(600)))
            .build();
    var header = new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(key.getKeyID()).build();
    var token = new SignedJWT(header, claims);
    token.sign(new ECDSASigner(key));
    return token.serialize();
  }

  private static void send(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }
}
