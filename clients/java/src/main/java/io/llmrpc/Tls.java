package io.llmrpc;

import io.grpc.ChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** TLS by PEM files: whom to trust, and who calls. */
public final class Tls {
  private final Path authorities;
  private final Path certificate;
  private final Path key;

  private Tls(Path authorities, Path certificate, Path key) {
    this.authorities = authorities;
    this.certificate = certificate;
    this.key = key;
  }

  /** TLS that trusts the authorities of this Java. */
  public static Tls systemRoots() {
    return new Tls(null, null, null);
  }

  /** TLS that trusts the authorities in a PEM file, and no other. */
  public static Tls trusting(Path authorities) {
    return new Tls(Objects.requireNonNull(authorities), null, null);
  }

  /** The same with a certificate of the caller, where the gateway asks for one (mTLS). */
  public Tls withCertificate(Path certificate, Path key) {
    return new Tls(authorities, Objects.requireNonNull(certificate), Objects.requireNonNull(key));
  }

  ChannelCredentials credentials() {
    TlsChannelCredentials.Builder builder = TlsChannelCredentials.newBuilder();
    try {
      if (authorities != null) {
        builder.trustManager(authorities.toFile());
      }
      if (certificate != null) {
        InputStream chain = new ByteArrayInputStream(Files.readAllBytes(certificate));
        builder.keyManager(chain, PemKey.pkcs8(Files.readAllBytes(key)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("TLS: a file cannot be read: " + e.getMessage(), e);
    }
    return builder.build();
  }

  @Override
  public String toString() {
    return certificate == null ? "TLS" : "mTLS";
  }
}
