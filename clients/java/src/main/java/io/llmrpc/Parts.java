package io.llmrpc;

import com.google.protobuf.ByteString;
import io.llmrpc.v1.Audio;
import io.llmrpc.v1.Document;
import io.llmrpc.v1.Image;
import io.llmrpc.v1.Part;

/** The pieces of a message that holds more than text. */
public final class Parts {
  private Parts() {}

  /** Plain text. */
  public static Part text(String text) {
    return Part.newBuilder().setText(text).build();
  }

  /** A picture, of a type such as {@code image/png}. */
  public static Part image(byte[] data, String mediaType) {
    Image image =
        Image.newBuilder().setData(ByteString.copyFrom(data)).setMediaType(mediaType).build();
    return Part.newBuilder().setImage(image).build();
  }

  /** A picture at an address that the provider fetches. */
  public static Part imageUri(String uri) {
    return Part.newBuilder().setImage(Image.newBuilder().setUri(uri)).build();
  }

  /** A recording, of a type such as {@code audio/wav}. */
  public static Part audio(byte[] data, String mediaType) {
    Audio audio =
        Audio.newBuilder().setData(ByteString.copyFrom(data)).setMediaType(mediaType).build();
    return Part.newBuilder().setAudio(audio).build();
  }

  /** A file to read, of a type such as {@code application/pdf}; the name is what the model sees. */
  public static Part document(byte[] data, String mediaType, String filename) {
    Document document =
        Document.newBuilder()
            .setData(ByteString.copyFrom(data))
            .setMediaType(mediaType)
            .setFilename(filename)
            .build();
    return Part.newBuilder().setDocument(document).build();
  }
}
