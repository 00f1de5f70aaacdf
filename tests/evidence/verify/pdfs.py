"""Small real PDFs for the verifier: attachments, certification, later changes."""

import io
from collections.abc import Mapping
from typing import Any

import pikepdf
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.signers import PdfSignatureMetadata

from evidence.keys import KeyRing


def unsigned(files: Mapping[str, bytes]) -> bytes:
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(200, 200))
    page.Contents = document.make_stream(b"q 10 10 50 50 re f Q")
    for name, data in files.items():
        document.attachments[name] = pikepdf.AttachedFileSpec(document, data, filename=name, mime_type="application/json")
    target = io.BytesIO()
    document.save(target, deterministic_id=True)
    return target.getvalue()


def signer_of(ring: KeyRing) -> signers.SimpleSigner:
    path, passphrase = ring.report_key()
    found = signers.SimpleSigner.load_pkcs12(str(path), passphrase=passphrase.encode())
    assert found is not None
    return found


def signed(data: bytes, ring: KeyRing, **changes: Any) -> bytes:
    timestamper = changes.pop("timestamper", None)
    settings = {
        "field_name": "Seal",
        "certify": True,
        "docmdp_permissions": fields.MDPPerm.NO_CHANGES,
        "subfilter": fields.SigSeedSubFilter.PADES,
        **changes,
    }
    target = io.BytesIO()
    signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(data)), PdfSignatureMetadata(**settings), signer=signer_of(ring), timestamper=timestamper, output=target
    )
    return target.getvalue()


def page_replaced(data: bytes) -> bytes:
    """An incremental update that draws something else on page 1."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    page = writer.find_page_for_modification(0)[0].get_object()
    contents = page.raw_get("/Contents").get_object()
    contents._data = b"q 90 90 80 80 re f Q"
    contents._encoded_data = None
    writer.update_container(contents)
    return written(writer)


def title_changed(data: bytes) -> bytes:
    """An incremental update of the document information only."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    writer.set_info(writer.add_object(_info("Another title")))
    return written(writer)


def _info(title: str) -> Any:
    return generic.DictionaryObject({generic.pdf_name("/Title"): generic.pdf_string(title)})


def written(writer: IncrementalPdfFileWriter) -> bytes:
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()
