package io.llmrpc;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A private key in PEM as gRPC takes it, which is PKCS #8 alone.
 *
 * <p>Many tools write the older forms, {@code RSA PRIVATE KEY} (PKCS #1, RFC 8017) and {@code EC
 * PRIVATE KEY} (RFC 5915). Both are the inner part of PKCS #8 (RFC 5208), so they are wrapped.
 */
final class PemKey {
  private static final Pattern OLD =
      Pattern.compile("-----BEGIN (RSA|EC) PRIVATE KEY-----([^-:]*)-----END");

  private static final int SEQUENCE = 0x30;
  private static final int OCTETS = 0x04;
  private static final int PARAMETERS = 0xA0;
  private static final byte[] VERSION = {0x02, 0x01, 0x00};

  /** rsaEncryption, 1.2.840.113549.1.1.1, and NULL. */
  private static final byte[] RSA = {
    0x06,
    0x09,
    0x2A,
    (byte) 0x86,
    0x48,
    (byte) 0x86,
    (byte) 0xF7,
    0x0D,
    0x01,
    0x01,
    0x01,
    0x05,
    0x00
  };

  /** ecPublicKey, 1.2.840.10045.2.1; the curve follows. */
  private static final byte[] EC = {
    0x06, 0x07, 0x2A, (byte) 0x86, 0x48, (byte) 0xCE, 0x3D, 0x02, 0x01
  };

  private PemKey() {}

  /** The file's content, with the key in PKCS #8 where it was in an older form. */
  static InputStream pkcs8(byte[] file) {
    Matcher old = OLD.matcher(new String(file, StandardCharsets.ISO_8859_1));
    if (!old.find()) {
      return new ByteArrayInputStream(file);
    }
    byte[] inner = Base64.getMimeDecoder().decode(old.group(2).trim());
    byte[] algorithm = old.group(1).equals("RSA") ? RSA : join(EC, curve(inner));
    byte[] wrapped = der(SEQUENCE, join(VERSION, der(SEQUENCE, algorithm), der(OCTETS, inner)));
    String pem =
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(wrapped)
            + "\n-----END PRIVATE KEY-----\n";
    return new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII));
  }

  /** The curve's identifier, out of a key that names it, as they all do in files. */
  private static byte[] curve(byte[] key) {
    ByteBuffer in = ByteBuffer.wrap(key);
    in.get();
    length(in); // now inside of the outer sequence
    while (in.hasRemaining()) {
      int tag = in.get() & 0xFF;
      byte[] value = new byte[length(in)];
      in.get(value);
      if (tag == PARAMETERS) {
        return value;
      }
    }
    throw new IllegalArgumentException("TLS: the key does not name its curve");
  }

  private static int length(ByteBuffer in) {
    int first = in.get() & 0xFF;
    if (first < 0x80) {
      return first;
    }
    int length = 0;
    for (int i = first & 0x7F; i > 0; i--) {
      length = (length << 8) | (in.get() & 0xFF);
    }
    return length;
  }

  private static byte[] der(int tag, byte[] value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    if (value.length < 0x80) {
      out.write(value.length);
    } else if (value.length < 0x100) {
      out.write(0x81);
      out.write(value.length);
    } else {
      out.write(0x82); // two bytes of length: no key is longer
      out.write(value.length >> 8);
      out.write(value.length);
    }
    out.writeBytes(value);
    return out.toByteArray();
  }

  private static byte[] join(byte[]... pieces) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] piece : pieces) {
      out.writeBytes(piece);
    }
    return out.toByteArray();
  }
}
